import * as z from "zod";
import { numberOrShortCode } from "../numbers/phone-number.ts";
import { type Db, decision } from "../platform/database.ts";
import { ApiError } from "../platform/errors.ts";
import { momentSchema } from "../platform/time.ts";

export const markReadSchema = z.strictObject({
  number: numberOrShortCode.describe("Your number"),
  with: numberOrShortCode.describe("The other number"),
  until: momentSchema.optional().describe(
    "ISO 8601 with a time zone: received messages up to and with this millisecond, such as the createdAt of the newest " +
      "message that you show; all of them unless given",
  ),
  unread: z.literal(true).optional().describe("Marks the newest received message as unread instead"),
}).refine(({ until, unread }) => until === undefined || unread === undefined, {
  path: ["until"],
  error: "cannot be combined with unread",
}).meta({ id: "ReadMark" });

export const readStateSchema = z.strictObject({
  unread: z.number().describe("Received messages of this conversation that are unread now"),
  unreadConversations: z.number().describe("Your conversations with unread messages, counted up to 1,000"),
}).meta({ id: "ReadState" });

const markReadIn = decision("mark_read", {
  marked: ["unread", "unread_conversations"],
  unknown_conversation: [],
});

/** Moves what of a conversation is read. A message that arrives meanwhile stays unread. */
export async function markRead(
  db: Db,
  userId: string,
  { number, with: peer, until, unread }: z.output<typeof markReadSchema>,
): Promise<z.output<typeof readStateSchema>> {
  const marked = await markReadIn(db, {
    p_user_id: userId,
    p_own_number: number,
    p_peer_number: peer,
    p_until: until ?? null,
    p_as_unread: unread ?? false,
  });
  switch (marked.outcome) {
    case "marked":
      return { unread: marked.unread, unreadConversations: marked.unread_conversations };
    case "unknown_conversation":
      throw new ApiError("not_found", `Cannot find a conversation of "${number}" with "${peer}"`);
  }
}
