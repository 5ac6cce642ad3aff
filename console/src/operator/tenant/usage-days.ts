import type { TenantUsageDay } from "../../../../client/switchboard.ts";

export type UsageKind = TenantUsageDay["kind"];

export const KIND_LABELS: Readonly<Record<UsageKind, string>> = {
  sms_out: "SMS sent",
  sms_in: "SMS received",
  mms_out: "MMS sent",
  mms_in: "MMS received",
  number: "Numbers",
  fee: "Other fees",
};

export const KINDS = Object.keys(KIND_LABELS) as UsageKind[];

/** What a chart shows of each day. */
export const MEASURES = ["price", "cost", "count"] as const;
export type Measure = (typeof MEASURES)[number];

/** Whether a kind is in a chart: a count has messages only. */
export function isShown(kind: UsageKind, measure: Measure): boolean {
  return measure !== "count" || (kind !== "number" && kind !== "fee");
}

export interface Chart {
  /** ISO 4217; null: estimates, while Twilio has priced nothing. */
  currency: string | null;
  /** The kinds that were used, in the order of `KINDS`. */
  kinds: UsageKind[];
  /** Every day of the range, oldest first, also those without usage. */
  rows: { at: string; values: Partial<Record<UsageKind, number>> }[];
  total: number;
}

const DAY_MS = 86_400_000;

/** The days from `from` until before `until`, as `2026-11-27`. */
export function daysBetween(from: string, until: string): string[] {
  const [first, end] = [Date.parse(from), Date.parse(until)];
  return Array.from(
    { length: Math.max(0, Math.round((end - first) / DAY_MS)) },
    (_, index) => new Date(first + index * DAY_MS).toISOString().slice(0, 10),
  );
}

/** A chart for each currency: amounts of different currencies are never added. Empty without usage. */
export function chartsOf(
  { from, until, days }: { from: string; until: string; days: readonly TenantUsageDay[] },
  measure: Measure,
): Chart[] {
  const shown = days.filter(({ kind }) => isShown(kind, measure));
  const currencies = [...new Set(shown.map(({ currency }) => currency))].toSorted((a, b) =>
    (a ?? "~").localeCompare(b ?? "~")
  );
  return currencies.map((currency) => {
    const own = shown.filter((day) => day.currency === currency);
    const byDay = Map.groupBy(own, ({ day }) => day);
    return {
      currency,
      kinds: KINDS.filter((kind) => own.some((day) => day.kind === kind)),
      rows: daysBetween(from, until).map((at) => ({ at, values: valuesOf(byDay.get(at) ?? [], measure) })),
      total: own.reduce((sum, day) => sum + Number(day[measure]), 0),
    };
  });
}

function valuesOf(days: readonly TenantUsageDay[], measure: Measure): Partial<Record<UsageKind, number>> {
  const values: Partial<Record<UsageKind, number>> = {};
  for (const day of days) values[day.kind] = (values[day.kind] ?? 0) + Number(day[measure]);
  return values;
}
