import { z } from "zod";
import { Constants } from "../database.types.ts";
import { type Db, type Row, rows } from "../platform/database.ts";
import { cursorSchema, momentSchema, timestampOf, timestampSchema, writeCursor } from "../platform/paging.ts";
import { isoOf } from "../platform/time.ts";
import { messageStatusSchema, STATUSES } from "./statuses.ts";

/** In a query an unencoded `+` arrives as a blank. */
export const numberInQuery = z.string().min(2).max(64).transform((text) => text.replace(/^ /, "+"));

export const directionSchema = z.enum(Constants.public.Enums.message_direction);

/** What messages can be asked for. `number` and `with` together are one conversation. */
export const messagesQuery = z.strictObject({
  direction: directionSchema.optional(),
  /** One, or several with commas. */
  status: z.string().transform((text) => text.split(",")).pipe(z.array(messageStatusSchema).max(STATUSES.length))
    .optional(),
  number: numberInQuery.optional(),
  with: numberInQuery.optional(),
  campaignId: z.guid().optional(),
  since: momentSchema.optional(),
  until: momentSchema.optional(),
  search: z.string().trim().min(1).max(200).optional(),
  limit: z.coerce.number<number>().int().min(1).max(200).default(50),
  cursor: cursorSchema(z.tuple([timestampSchema, z.guid()])).optional(),
});

export type MessagesQuery = z.output<typeof messagesQuery>;

/** A message as every endpoint shows it. Times are ISO; `price` is what Twilio says, null until it does. */
export const messageSchema = z.strictObject({
  id: z.guid(),
  sid: z.string().nullable(),
  direction: directionSchema,
  from: z.string(),
  to: z.string(),
  body: z.string().nullable(),
  media: z.array(z.strictObject({ url: z.string(), contentType: z.string().nullable() })),
  status: messageStatusSchema,
  source: z.enum(Constants.public.Enums.message_source),
  errorCode: z.number().nullable(),
  errorMessage: z.string().nullable(),
  segments: z.number().nullable(),
  encoding: z.string().nullable(),
  price: z.number().nullable(),
  priceUnit: z.string().nullable(),
  campaignId: z.guid().nullable(),
  redactedAt: z.string().nullable(),
  statusUpdatedAt: z.string(),
  createdAt: z.string(),
});

export type Message = z.output<typeof messageSchema>;

/** Newest first; `next` is the cursor of the page behind, null on the last. */
export const messagePageSchema = z.strictObject({ messages: z.array(messageSchema), next: z.string().nullable() });

/** One page of a tenant's messages. */
export async function listMessages(
  db: Db,
  userId: string,
  query: MessagesQuery,
): Promise<z.output<typeof messagePageSchema>> {
  const [beforeAt, beforeId] = query.cursor ?? [null, null];
  const found = await rows(db, "list_messages", {
    p_user_id: userId,
    p_direction: query.direction ?? null,
    p_statuses: query.status ?? null,
    p_own_number: query.number ?? null,
    p_peer_number: query.with ?? null,
    p_campaign_id: query.campaignId ?? null,
    p_since: query.since ?? null,
    p_until: query.until ?? null,
    p_search: query.search ?? null,
    p_before_at: beforeAt,
    p_before_id: beforeId,
    p_limit: query.limit,
  });
  const last = found.at(-1);
  const isFull = last !== undefined && found.length === query.limit;
  const next = isFull ? writeCursor([timestampOf(last.created_at), last.id]) : null;
  return { messages: found.map(messageOf), next };
}

/** A row of the ledger as callers see it. */
export function messageOf(row: Row<"sms_messages">): Message {
  return {
    id: row.id,
    sid: row.twilio_message_sid,
    direction: row.direction,
    from: row.from_number,
    to: row.to_number,
    body: row.body,
    media: row.media_urls.map((url, index) => ({ url, contentType: row.media_types[index] ?? null })),
    status: row.status,
    source: row.source,
    errorCode: row.error_code,
    errorMessage: row.error_message,
    segments: row.num_segments,
    encoding: row.encoding,
    price: row.price === null ? null : Number(row.price),
    priceUnit: row.price_unit,
    campaignId: row.campaign_id,
    redactedAt: isoOf(row.redacted_at),
    statusUpdatedAt: isoOf(row.status_updated_at),
    createdAt: isoOf(row.created_at),
  };
}
