import type Stripe from "stripe";
import * as z from "zod";
import type { Json } from "../database.types.ts";
import { type Db, decide } from "../platform/database.ts";
import { unlessUnknown } from "../stripe/errors.ts";
import { kindOfMeter } from "./meters.ts";
import { type Applied, ignored, processStored } from "./stored-event.ts";

/** The types of the thin events that are handled: the only notices of meter events that Stripe accepted and rejected later. */
export const THIN_TYPES = [
  "v1.billing.meter.error_report_triggered",
  "v1.billing.meter.no_meter_found",
] as const;

/** What `fetchEvent` answers. The body that is delivered has no data. Codes are an open list. */
const fetchedSchema = z.object({
  related_object: z.object({ id: z.string() }).nullish(),
  data: z.object({
    validation_start: z.union([z.iso.datetime(), z.date().transform((date) => date.toISOString())]),
    validation_end: z.union([z.iso.datetime(), z.date().transform((date) => date.toISOString())]),
    reason: z.object({
      error_types: z.array(z.object({
        code: z.string(),
        sample_errors: z.array(z.object({
          request: z.object({ identifier: z.string().nullish() }).nullish(),
        })).default([]),
      })).default([]),
    }),
  }),
});

/** What Stripe reports of rejected meter events. The samples are not all of them. */
export interface MeterErrors {
  /** Null when no meter has the name of the events. */
  meterId: string | null;
  from: string;
  until: string;
  /** Idempotency-Keys of the requests, which are the identifiers of our events too. */
  samples: string[];
  codes: string[];
}

/** Reads a fetched thin event; null when it does not have the documented shape. */
export function meterErrorsOf(fetched: unknown): MeterErrors | null {
  const parsed = fetchedSchema.safeParse(fetched);
  if (!parsed.success) return null;
  const { related_object, data: { validation_start: from, validation_end: until, reason } } = parsed.data;
  const samples = reason.error_types.flatMap(({ sample_errors }) =>
    sample_errors.flatMap(({ request }) => request?.identifier ?? [])
  );
  return {
    meterId: related_object?.id ?? null,
    from,
    until,
    samples: [...new Set(samples)],
    codes: [...new Set(reason.error_types.map(({ code }) => code))],
  };
}

export interface ThinEventDependencies {
  db: Db;
  stripe: Stripe;
}

/**
 * Processes one stored thin event: fetches its data and makes the customers that it may be about due for a comparison. Nothing
 * else follows from it, so a lost, late or repeated event has no effect of its own.
 */
export async function applyThinEvent(eventId: string, { db, stripe }: ThinEventDependencies): Promise<void> {
  await processStored(eventId, db, async ({ type, payload }) => await apply(type, payload, { db, stripe }));
}

async function apply(type: string, payload: Json, { db, stripe }: ThinEventDependencies): Promise<Applied> {
  if (!(THIN_TYPES as readonly string[]).includes(type)) return ignored("type_not_handled");
  const fetched = await unlessUnknown(() => fetchData(payload, stripe));
  if (fetched === null) return ignored("unknown_object");
  const errors = meterErrorsOf(fetched);
  if (errors === null) return ignored("malformed");
  const suspects = await decide(db, "note_meter_errors", {
    p_kind: errors.meterId === null ? null : await kindOfMeter(errors.meterId, db, stripe),
    p_is_meter_missing: errors.meterId === null,
    p_from: errors.from,
    p_until: errors.until,
    p_samples: errors.samples,
    p_codes: errors.codes,
  });
  return { result: suspects > 0 ? "requested" : "nothing_to_record", reason: null };
}

/** The event with its data. The SDK reads it in the account that the event is of. */
async function fetchData(payload: Json, stripe: Stripe): Promise<unknown> {
  return await stripe.parseEventNotificationWithoutVerification(JSON.stringify(payload)).fetchEvent();
}
