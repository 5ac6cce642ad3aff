import * as z from "zod";
import { Constants } from "../database.types.ts";
import { type Db, type Row, rows } from "../platform/database.ts";
import { phoneNumberInQuery } from "../numbers/phone-number.ts";
import { numberSourceSchema } from "../numbers/shape.ts";
import { idSchema } from "../platform/ids.ts";
import { cursorParameter, limitParameter, nextSchema, page, writeCursor } from "../platform/paging.ts";
import { isoOf, momentInQuery, timestampOf, timestampSchema } from "../platform/time.ts";
import { messageStatusSchema, STATUSES } from "./statuses.ts";

export const directionSchema = z.enum(Constants.public.Enums.message_direction).meta({ id: "MessageDirection" });

const orderSchema = z.enum(["newest", "oldest"]).meta({ id: "MessageOrder" });

export const messagesQuery = z.strictObject({
  id: idSchema.optional().describe("One message; no other parameter is accepted with it"),
  direction: directionSchema.optional(),
  status: z.string().transform((text) => text.split(",")).pipe(z.array(messageStatusSchema).max(STATUSES.length))
    .optional().describe("One status, or several separated by commas"),
  number: phoneNumberInQuery.optional().describe("One of the caller's numbers"),
  with: phoneNumberInQuery.optional().describe("The other number; with number, one conversation"),
  campaignId: idSchema.optional(),
  since: momentInQuery.optional().describe("ISO 8601 with a time zone: from this moment on"),
  until: momentInQuery.optional().describe("ISO 8601 with a time zone: before this moment"),
  search: z.string().trim().min(1).max(200).optional()
    .describe(
      "Words of the text, in any order: each matches the beginning of a word, a part joined by punctuation or digits " +
        "(ABC-4711, B12, menu.pdf), or any part of Chinese, Japanese, Thai and Korean text. Case, accents and skin " +
        "tones do not matter. Three or more digits also match the other number, with its country code or the 0 before " +
        "a national number",
    ),
  order: orderSchema.optional().describe(
    "newest unless given. oldest: the oldest first, from since on; not with search. A message is listed in its own place: " +
      "until its createdAt (newest first) and since its createdAt (oldest first) together list every message once",
  ),
  limit: limitParameter(200, 50),
  cursor: cursorParameter(z.tuple([timestampSchema, z.guid()])),
}).superRefine(({ limit: _, ...query }, context) => {
  const refuse = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message });
  if (query.order === "oldest" && query.search !== undefined) {
    refuse("order", "cannot be oldest for a search: it lists the newest first");
  }
  for (const [name, value] of Object.entries(query)) {
    if (query.id !== undefined && name !== "id" && value !== undefined) refuse(name, "cannot be combined with id");
  }
}).meta({ id: "MessagesQuery" });

export type MessagesQuery = z.output<typeof messagesQuery>;

export const messageSchema = z.strictObject({
  id: z.guid(),
  sid: z.string().nullable().describe("Twilio's, SM… or MM…"),
  direction: directionSchema,
  from: z.string(),
  to: z.string(),
  body: z.string().nullable().describe("null: there is only media, or the text was deleted"),
  media: z.array(z.strictObject({
    url: z.string().describe("Of a received message: a link that expires. Of a sent one: the URL that was sent"),
    contentType: z.string().nullable(),
  })),
  status: messageStatusSchema,
  source: numberSourceSchema,
  errorCode: z.number().nullable(),
  errorMessage: z.string().nullable(),
  segments: z.number().nullable(),
  encoding: z.string().nullable(),
  price: z.number().nullable().describe("What the message costs you; null until Twilio has priced it"),
  priceUnit: z.string().nullable(),
  campaignId: z.guid().nullable(),
  redactedAt: z.string().nullable(),
  statusUpdatedAt: z.string(),
  createdAt: z.string(),
}).meta({ id: "ListedMessage", description: "A message that was sent or received. Times are ISO 8601" });

export type Message = z.output<typeof messageSchema>;

export const messagePageSchema = z.strictObject({
  messages: z.array(messageSchema),
  next: nextSchema,
}).meta({ id: "MessagePage", description: "The response of list-messages, in the order that was asked for" });

/** One page of a tenant's messages. */
export async function listMessages(
  db: Db,
  userId: string,
  query: MessagesQuery,
): Promise<z.output<typeof messagePageSchema>> {
  const found = await read(db, userId, query);
  const nextOf = (last: Row<"sms_messages">) => writeCursor([timestampOf(last.created_at), last.id]);
  const { items: messages, next } = page(found, query.limit, messageOf, nextOf);
  return { messages, next };
}

function read(db: Db, userId: string, query: MessagesQuery): Promise<Row<"sms_messages">[]> {
  if (query.id !== undefined) return rows(db, "message_of", { p_user_id: userId, p_message_id: query.id });
  const [lastAt, lastId] = query.cursor ?? [null, null];
  const filter = {
    p_user_id: userId,
    p_direction: query.direction ?? null,
    p_statuses: query.status ?? null,
    p_own_number: query.number ?? null,
    p_peer_number: query.with ?? null,
    p_campaign_id: query.campaignId ?? null,
    p_since: query.since ?? null,
    p_until: query.until ?? null,
    p_limit: query.limit,
  };
  return query.order === "oldest"
    ? rows(db, "list_messages_forwards", { ...filter, p_after_at: lastAt, p_after_id: lastId })
    : rows(db, "list_messages", {
      ...filter,
      p_search: query.search ?? null,
      p_before_at: lastAt,
      p_before_id: lastId,
    });
}

/** A row of the ledger as callers see it, but with Twilio's URLs of received media (see `withMediaLinks`). */
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
    // The tenant's price: what Twilio charges is not theirs to see.
    price: row.price === null ? null : Number(row.tenant_price),
    priceUnit: row.price_unit,
    campaignId: row.campaign_id,
    redactedAt: isoOf(row.redacted_at),
    statusUpdatedAt: isoOf(row.status_updated_at),
    createdAt: isoOf(row.created_at),
  };
}
