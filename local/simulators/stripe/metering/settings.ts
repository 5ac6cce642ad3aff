import * as z from "zod";
import type { Records } from "../records.ts";

/**
 * How the simulated Stripe meters, where its documentation is silent, contradicts itself or depends on the load. Times are
 * in seconds of the simulator's clock.
 */
export const MeteringSettings = z.strictObject({
  /** How long after its receipt an event is counted or rejected, and an adjustment completed. */
  processingSeconds: z.int().min(0).max(7 * 86_400),
  /** How long after it was counted an event is in the summaries. Invoices do not wait for this. */
  summarySeconds: z.int().min(0).max(7 * 86_400),
  /** Whether an unknown customer or meter is rejected after the event was accepted, or answers 400. */
  checks: z.enum(["later", "at_once"]),
  /** Whether a value that is no decimal, or has more than 15 digits, answers 400 or is rejected later. */
  values: z.enum(["at_once", "later"]),
  /** Whether the identifier of a rejected event can be used again within its 24 hours. */
  rejectedIdentifiers: z.enum(["exist", "free"]),
  /** How many rejected events of a code an error report names. */
  samples: z.int().min(0).max(100),
  /** Whether windows without usage are left out of the summaries. */
  emptySummaries: z.enum(["omitted", "zero"]),
  /** Whether a summary contains the events of the second `end_time`. */
  summaryEnd: z.enum(["exclusive", "inclusive"]),
});
export type MeteringSettings = z.infer<typeof MeteringSettings>;
export const MeteringChange = MeteringSettings.partial();

const DEFAULTS: MeteringSettings = {
  processingSeconds: 0,
  summarySeconds: 0,
  checks: "later",
  values: "at_once",
  rejectedIdentifiers: "exist",
  samples: 1,
  emptySummaries: "omitted",
  summaryEnd: "exclusive",
};

export function meteringSettings({ settings }: Records): MeteringSettings {
  return { ...DEFAULTS, ...settings.get("metering")?.value as Partial<MeteringSettings> | undefined };
}

/** Changes some of the settings and returns all of them. */
export function changeMetering(records: Records, change: z.infer<typeof MeteringChange>): MeteringSettings {
  const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
  const value = { ...meteringSettings(records), ...given };
  records.settings.set("metering", { id: "metering", value });
  return value;
}
