import type { Usage } from "../../../client/switchboard.ts";
import { KIND_LABELS } from "../../../supabase/functions/_shared/billing/kind-labels.ts";
import { PALETTE } from "../charts/palette.ts";
import { barsOf, monthOf, type Range } from "../charts/range.ts";
import type { Series, StackedDaysProps } from "../charts/shapes.ts";
import { sumOf } from "./amounts.ts";

export type Kind = Usage["usage"][number]["kind"];

/** The kinds in the order of tables and bars. */
export const KINDS = Object.keys(KIND_LABELS) as Kind[];

/** What bars are as high as. */
export const MEASURES = ["cost", "messages"] as const;
export type Measure = (typeof MEASURES)[number];

/** The kinds that are messages. */
export const MESSAGE_KINDS: ReadonlySet<Kind> = new Set(["sms_out", "sms_in", "mms_out", "mms_in"]);

export interface Chart {
  /** The kinds that were used. */
  series: Series[];
  rows: StackedDaysProps["rows"];
}

/**
 * The bars of a range: one for each of its days or months, also for those without usage.
 * @param currency of the costs: those in another currency are not in it. Messages of any currency count
 */
export function chartOf(
  usage: readonly Usage["usage"][number][],
  range: Range,
  step: "day" | "month",
  measure: Measure,
  currency: string | null,
): Chart {
  const counted = usage.filter((row) => measure === "cost" ? row.currency === currency : MESSAGE_KINDS.has(row.kind));
  const valueOf = ({ price, count }: Usage["usage"][number]) => measure === "cost" ? price : count;
  const used = KINDS.filter((kind) => counted.some((row) => row.kind === kind && valueOf(row) !== 0));
  const byBar = new Map<string, typeof counted>();
  for (const row of counted) {
    const at = step === "day" ? row.from : monthOf(row.from);
    byBar.set(at, [...byBar.get(at) ?? [], row]);
  }
  return {
    series: used.map((kind) => ({ name: kind, label: KIND_LABELS[kind], color: PALETTE[KINDS.indexOf(kind)]! })),
    rows: barsOf(range, step).map((at) => {
      const rows = byBar.get(at) ?? [];
      return {
        at,
        values: Object.fromEntries(used.map((kind) => [
          kind,
          sumOf(rows.filter((row) => row.kind === kind).map(valueOf)),
        ])),
      };
    }),
  };
}
