import * as z from "zod";
import { Constants } from "../database.types.ts";
import type { Enum, Row } from "../platform/database.ts";
import { isoOf } from "../platform/time.ts";
import { sendWindowSchema } from "./send-window.ts";

export const campaignStatusSchema = z.enum(Constants.public.Enums.campaign_status).meta({ id: "CampaignStatus" });

export const countSchema = z.enum(["waiting", "inFlight", "sent", "delivered", "failed", "unknown", "skipped"]).meta({
  id: "CampaignCount",
  description: "The state of a recipient. skipped: not handed to Twilio, by decision",
});

export type Count = z.output<typeof countSchema>;

/** A count of the database as callers see it. */
export function countOf(counted: Enum<"campaign_count">): Count {
  return counted === "in_flight" ? "inFlight" : counted;
}

/** A count as the database names it. */
export function countNamed(count: Count): Enum<"campaign_count"> {
  return count === "inFlight" ? "in_flight" : count;
}

const count = z.number().int();

export const campaignSchema = z.strictObject({
  id: z.guid(),
  name: z.string().nullable(),
  from: z.string(),
  body: z.string().nullable(),
  mediaUrls: z.array(z.string()),
  status: campaignStatusSchema,
  statusReason: z.string().nullable()
    .describe("Why it waits or is paused: a limit of the plan, its send window, or a problem of the sender"),
  twilioErrorCode: z.int().nullable()
    .describe("Twilio's error for which it was paused: see https://www.twilio.com/docs/errors"),
  scheduledAt: z.string().nullable(),
  sendWindow: sendWindowSchema.nullable(),
  startedAt: z.string().nullable(),
  finishedAt: z.string().nullable(),
  recipientsDeletedAt: z.string().nullable()
    .describe("When the recipients of an ended campaign were deleted; its counts stay"),
  retryOf: z.guid().nullable().describe("The campaign whose failed recipients this one is sent to"),
  total: count,
  counts: z.strictObject({
    waiting: count,
    inFlight: count,
    sent: count,
    delivered: count,
    failed: count,
    unknown: count,
    skipped: count,
  }).describe("Recipients by state; the counts add up to total"),
  createdAt: z.string(),
}).meta({ id: "Campaign", description: "A message to many recipients. Times are ISO 8601" });

export type Campaign = z.output<typeof campaignSchema>;

/** A row of `campaigns` as callers see it. */
export function campaignOf(row: Row<"campaigns">): Campaign {
  const { waiting, in_flight: inFlight, sent, delivered, failed, unknown, skipped } = row;
  return {
    id: row.id,
    name: row.name,
    from: row.from_number,
    body: row.body,
    mediaUrls: row.media_urls,
    status: row.status,
    statusReason: row.status_reason,
    twilioErrorCode: row.twilio_error_code,
    scheduledAt: isoOf(row.scheduled_at),
    sendWindow: row.send_window as Campaign["sendWindow"],
    startedAt: isoOf(row.started_at),
    finishedAt: isoOf(row.finished_at),
    recipientsDeletedAt: isoOf(row.recipients_deleted_at),
    retryOf: row.retry_of,
    total: row.total,
    counts: { waiting, inFlight, sent, delivered, failed, unknown, skipped },
    createdAt: isoOf(row.created_at),
  };
}
