import * as z from "zod";
import { completeRows, type Db, type Row, rowFrom } from "../platform/database.ts";
import { cursorParameter, limitParameter, nextSchema, page, writeCursor } from "../platform/paging.ts";
import { isoOf, timestampOf, timestampSchema } from "../platform/time.ts";
import { directionSchema } from "./list.ts";
import { phoneNumberInQuery } from "../numbers/phone-number.ts";

export const conversationsQuery = z.strictObject({
  number: phoneNumberInQuery.optional().describe("One of the caller's numbers"),
  limit: limitParameter(200, 50),
  cursor: cursorParameter(z.tuple([timestampSchema, z.string().max(64), z.string().max(64)])),
}).meta({ id: "ConversationsQuery" });

const conversationSchema = z.strictObject({
  number: z.string().describe("The caller's number"),
  with: z.string().describe("The other number"),
  lastMessageAt: z.string(),
  optedOut: z.boolean().describe("The other number replied STOP to this one: sending to it is refused"),
  lastMessage: z.strictObject({
    id: z.guid(),
    direction: directionSchema,
    body: z.string().nullable(),
    status: z.string(),
    mediaCount: z.number(),
    createdAt: z.string(),
  }),
}).meta({ id: "Conversation", description: "The messages between one of the caller's numbers and another number" });

export const conversationPageSchema = z.strictObject({
  conversations: z.array(conversationSchema),
  next: nextSchema,
}).meta({ id: "ConversationPage", description: "The response of list-conversations, latest message first" });

/** One page of a tenant's conversations. A conversation is a pair of the tenant's number and another number. */
export async function listConversations(
  db: Db,
  userId: string,
  { number, limit, cursor }: z.output<typeof conversationsQuery>,
): Promise<z.output<typeof conversationPageSchema>> {
  const [beforeAt, beforeOwn, beforePeer] = cursor ?? [null, null, null];
  const found = await completeRows(db, "list_conversations", {
    p_user_id: userId,
    p_own_number: number ?? null,
    p_before_at: beforeAt,
    p_before_own: beforeOwn,
    p_before_peer: beforePeer,
    p_limit: limit,
  });
  const { items: conversations, next } = page(
    found,
    limit,
    (row) => ({
      number: row.own_number,
      with: row.peer_number,
      lastMessageAt: isoOf(row.last_message_at),
      optedOut: row.opted_out,
      lastMessage: lastMessageOf(rowFrom("sms_messages", row.last_message)),
    }),
    (last) => writeCursor([timestampOf(last.last_message_at), last.own_number, last.peer_number]),
  );
  return { conversations, next };
}

function lastMessageOf(row: Row<"sms_messages">): z.output<typeof conversationSchema>["lastMessage"] {
  const { id, direction, body, status, media_urls, created_at } = row;
  return { id, direction, body, status, mediaCount: media_urls.length, createdAt: isoOf(created_at) };
}
