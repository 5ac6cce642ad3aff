import * as z from "zod";
import { Constants } from "../database.types.ts";
import type { Enum } from "../platform/database.ts";

/** Every status of a message in the ledger; docs/operations.md explains our own. */
export const STATUSES = Constants.public.Enums.message_status;

export type MessageStatus = Enum<"message_status">;

export const messageStatusSchema = z.enum(STATUSES).meta({
  id: "MessageStatus",
  description: "reserved, refused, unknown and not_sent are ours; the others are Twilio's",
});

/** The statuses that Twilio reports of a sent message. */
export const sentStatusSchema = messageStatusSchema.exclude([
  "reserved",
  "refused",
  "unknown",
  "not_sent",
  "receiving",
  "received",
]);
