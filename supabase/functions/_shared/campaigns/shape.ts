import { z } from "zod";
import { isoOf } from "../platform/time.ts";

export const CAMPAIGN_STATUSES = ["scheduled", "running", "paused", "canceled", "completed"] as const;

/** Where each recipient is: they add up to `total`. */
export const COUNTS = ["waiting", "inFlight", "sent", "delivered", "failed", "unknown", "skipped"] as const;

const count = z.number().int();

/** A campaign as every endpoint shows it. Times are ISO. */
export const campaignSchema = z.strictObject({
  id: z.guid(),
  name: z.string().nullable(),
  from: z.string(),
  body: z.string().nullable(),
  mediaUrls: z.array(z.string()),
  status: z.enum(CAMPAIGN_STATUSES),
  /** Why it waits or stands still: a limit of the plan, or what is wrong with the sender. */
  statusReason: z.string().nullable(),
  scheduledAt: z.string().nullable(),
  startedAt: z.string().nullable(),
  finishedAt: z.string().nullable(),
  total: count,
  counts: z.strictObject({
    waiting: count,
    inFlight: count,
    sent: count,
    delivered: count,
    failed: count,
    unknown: count,
    skipped: count,
  }),
  createdAt: z.string(),
});

export type Campaign = z.output<typeof campaignSchema>;

interface CampaignRow {
  id: string;
  name: string | null;
  from_number: string;
  body: string | null;
  media_urls: string[];
  status: string;
  status_reason: string | null;
  scheduled_at: string | null;
  started_at: string | null;
  finished_at: string | null;
  total: number;
  waiting: number;
  in_flight: number;
  sent: number;
  delivered: number;
  failed: number;
  unknown: number;
  skipped: number;
  created_at: string;
}

/** A row of `campaigns` as callers see it. */
export function campaignOf(row: CampaignRow): Campaign {
  const { waiting, in_flight: inFlight, sent, delivered, failed, unknown, skipped } = row;
  return {
    id: row.id,
    name: row.name,
    from: row.from_number,
    body: row.body,
    mediaUrls: row.media_urls,
    status: row.status as Campaign["status"],
    statusReason: row.status_reason,
    scheduledAt: isoOf(row.scheduled_at),
    startedAt: isoOf(row.started_at),
    finishedAt: isoOf(row.finished_at),
    total: row.total,
    counts: { waiting, inFlight, sent, delivered, failed, unknown, skipped },
    createdAt: isoOf(row.created_at),
  };
}
