import * as z from "zod";
import { Constants, type Database } from "../database.types.ts";
import { isoOf } from "../platform/time.ts";

const time = z.iso.datetime();

export const alertSchema = z.strictObject({
  id: z.guid(),
  kind: z.enum(Constants.public.Enums.alert_kind),
  subject: z.string().describe("What the alert is about, such as the id of a subscription"),
  userId: z.guid().nullable(),
  details: z.record(z.string(), z.unknown()),
  times: z.int().min(1).describe("How often it was raised since it is open"),
  raisedAt: time,
  lastRaisedAt: time,
  deliveredAt: time.nullable().describe("When OPERATOR_ALERT_URL accepted it"),
  acknowledgedAt: time.nullable().describe("When an operator took note: the alert stays open, and is quiet"),
  acknowledgedBy: z.guid().nullable().describe("That operator's id"),
  acknowledgedBecause: z.string().nullable().describe("That operator's reason"),
  settledAt: time.nullable(),
}).meta({ id: "Alert", description: "Something an operator must look at. Times are ISO 8601" });

export type Alert = z.output<typeof alertSchema>;

/** An alert as operators see it. */
export function alertOf(row: Database["public"]["Tables"]["operator_alerts"]["Row"]): Alert {
  return {
    id: row.id,
    kind: row.kind,
    subject: row.subject,
    userId: row.user_id,
    details: row.details as Record<string, unknown>,
    times: row.times,
    raisedAt: isoOf(row.raised_at),
    lastRaisedAt: isoOf(row.last_raised_at),
    deliveredAt: isoOf(row.delivered_at),
    acknowledgedAt: isoOf(row.acknowledged_at),
    acknowledgedBy: row.acknowledged_by,
    acknowledgedBecause: row.acknowledged_because,
    settledAt: isoOf(row.settled_at),
  };
}
