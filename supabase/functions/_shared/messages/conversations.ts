import * as z from "zod";
import { searchInQuery, tagInQuery } from "../contacts/shape.ts";
import { phoneNumberInQuery } from "../numbers/phone-number.ts";
import { completeCompositesFrom, type Db, decide, type Row, rowFrom } from "../platform/database.ts";
import { cursorParameter, limitParameter, nextSchema, writeCursor } from "../platform/paging.ts";
import { isoOf, timestampOf, timestampSchema } from "../platform/time.ts";
import { directionSchema } from "./list.ts";

const flag = z.enum(["true", "false"]).transform((text) => text === "true").optional();

export const conversationsQuery = z.strictObject({
  number: phoneNumberInQuery.optional().describe("One of the caller's numbers"),
  with: phoneNumberInQuery.optional().describe("The other number; with number, one conversation"),
  unread: flag.describe("Whether received messages are unread"),
  failed: flag.describe("Whether the newest message was refused, failed, undelivered or not sent"),
  optedOut: flag.describe("Whether sending to the other number is refused because it opted out"),
  tag: tagInQuery.optional().describe("Of the contact, in any case"),
  search: searchInQuery.optional().describe(
    "Beginnings of words of the contact's name, in any order, or three or more digits of the other number; " +
      "as in list-messages",
  ),
  limit: limitParameter(200, 50),
  cursor: cursorParameter(z.tuple([timestampSchema, z.string().max(64), z.string().max(64)])),
}).meta({ id: "ConversationsQuery" });

export type ConversationsQuery = z.output<typeof conversationsQuery>;

const conversationSchema = z.strictObject({
  number: z.string().describe("The caller's number"),
  with: z.string().describe("The other number"),
  contact: z.strictObject({ name: z.string().nullable(), tags: z.array(z.string()) }).nullable()
    .describe("The contact with the other number; null without one"),
  lastMessageAt: z.string(),
  unread: z.number().describe("Received messages that are unread"),
  optedOut: z.boolean().describe("The other number replied STOP to this one: sending to it is refused"),
  lastMessage: z.strictObject({
    id: z.guid(),
    direction: directionSchema,
    body: z.string().nullable(),
    status: z.string(),
    errorCode: z.number().nullable(),
    errorMessage: z.string().nullable(),
    mediaCount: z.number(),
    createdAt: z.string(),
  }),
}).meta({ id: "Conversation", description: "The messages between one of the caller's numbers and another number" });

export const conversationPageSchema = z.strictObject({
  conversations: z.array(conversationSchema),
  unreadConversations: z.number().describe("All conversations with unread messages, counted up to 1,000"),
  next: nextSchema,
}).meta({
  id: "ConversationPage",
  description:
    "The response of list-conversations, latest message first. With a filter a page may be short, or empty, " +
    "before the end: read on while next is not null",
});

/** Whether a list looks at conversations that it does not return. Unread ones are found by an index of their own. */
export function isWalk({ unread, failed, optedOut, tag, search }: ConversationsQuery): boolean {
  return unread === false || [failed, optedOut, tag, search].some((filter) => filter !== undefined);
}

/** One page of a tenant's conversations. A conversation is a pair of the tenant's number and another number. */
export async function listConversations(
  db: Db,
  userId: string,
  query: ConversationsQuery,
): Promise<z.output<typeof conversationPageSchema>> {
  const [beforeAt, beforeOwn, beforePeer] = query.cursor ?? [null, null, null];
  const found = await decide(db, "list_conversations", {
    p_user_id: userId,
    p_own_number: query.number ?? null,
    p_peer_number: query.with ?? null,
    p_is_unread: query.unread ?? null,
    p_has_failed: query.failed ?? null,
    p_is_opted_out: query.optedOut ?? null,
    p_tag: query.tag ?? null,
    p_search: query.search ?? null,
    p_before_at: beforeAt,
    p_before_own: beforeOwn,
    p_before_peer: beforePeer,
    p_limit: query.limit,
  });
  const conversations = completeCompositesFrom("conversation", found.conversations, ["contact"]);
  const { next_at, next_own, next_peer } = found as { [Key in keyof typeof found]: (typeof found)[Key] | null };
  return {
    conversations: conversations.map((row) => ({
      number: row.own_number,
      with: row.peer_number,
      contact: row.contact === null ? null : contactOf(rowFrom("contacts", row.contact)),
      lastMessageAt: isoOf(row.last_message_at),
      unread: row.unread,
      optedOut: row.opted_out,
      lastMessage: lastMessageOf(rowFrom("sms_messages", row.last_message)),
    })),
    unreadConversations: found.unread_conversations,
    next: next_at === null ? null : writeCursor([timestampOf(next_at), next_own!, next_peer!]),
  };
}

function contactOf({ name, tags }: Row<"contacts">) {
  return { name, tags };
}

function lastMessageOf(row: Row<"sms_messages">): z.output<typeof conversationSchema>["lastMessage"] {
  return {
    id: row.id,
    direction: row.direction,
    body: row.body,
    status: row.status,
    errorCode: row.error_code,
    errorMessage: row.error_message,
    mediaCount: row.media_urls.length,
    createdAt: isoOf(row.created_at),
  };
}
