import { z } from "zod";
import { Constants } from "../database.types.ts";
import type { Enum } from "../platform/database.ts";

/** Every status of a message in the ledger; see docs/operations.md for those that are ours. */
export const STATUSES = Constants.public.Enums.message_status;

export type MessageStatus = Enum<"message_status">;

export const messageStatusSchema = z.enum(STATUSES).meta({
  id: "MessageStatus",
  description: "Where a message is: reserved, refused, unknown and not_sent are ours, the others are Twilio's",
});

/** The statuses that Twilio reports of a sent message, in Twilio's words. */
export const sentStatusSchema = messageStatusSchema.exclude([
  "reserved",
  "refused",
  "unknown",
  "not_sent",
  "receiving",
  "received",
]);
