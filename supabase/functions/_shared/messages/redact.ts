import type { TwilioAccounts } from "../accounts/twilio-accounts.ts";
import { completeRows, type Db, decide, decision, type Enum } from "../platform/database.ts";
import { describeError, type Log } from "../platform/log.ts";
import type { Twilio } from "../twilio/client.ts";
import { failureOf } from "../twilio/errors.ts";
import { sendingAccount } from "./sending-account.ts";
import type { MessageStatus } from "./statuses.ts";

/** Stores a tenant's request to delete a message's text and media. */
export const requestRedaction = decision("request_redaction", {
  accepted: ["message"],
  already: ["message"],
  not_found: [],
});

/** The statuses in which Twilio deletes nothing: it has not finished with the message. */
const UNFINISHED: ReadonlySet<MessageStatus> = new Set<MessageStatus>([
  "reserved",
  "unknown",
  "accepted",
  "scheduled",
  "queued",
  "sending",
]);

export const isUnfinished = (status: MessageStatus): boolean => UNFINISHED.has(status);

/** A message as Twilio knows it. */
export interface RedactedMessage {
  /** Null if Twilio never had it. */
  sid: string | null;
  mediaCount: number;
}

/**
 * Deletes a message's text and media at Twilio. It may be repeated.
 * @returns whether they are deleted; false while Twilio has not finished with the message (20009)
 */
export async function redactAtTwilio({ sid, mediaCount }: RedactedMessage, twilio: Twilio): Promise<boolean> {
  if (sid === null) return true;
  const message = twilio.account.messages(sid);
  try {
    await message.update({ body: "" });
    if (mediaCount > 0) {
      for (const media of await message.media.list({ pageSize: 50 })) await message.media(media.sid).remove();
    }
    return true;
  } catch (error) {
    const failure = failureOf(error);
    if (failure?.kind === "not_found") return true;
    if (failure?.kind === "refused" && failure.code === NOT_FINISHED) return false;
    throw error;
  }
}

const NOT_FINISHED = 20009;
const BATCH = 50;

export interface RedactDependencies {
  db: Db;
  accounts: Pick<TwilioAccounts, "master" | "active">;
  log: Log;
}

/**
 * Deletes one batch of the texts and media that a tenant asked to delete, or whose retention is over.
 * @returns whether none are left
 */
export async function redactMessages(userId: string, dependencies: RedactDependencies): Promise<boolean> {
  const { db } = dependencies;
  const waiting = await completeRows(db, "messages_to_redact", { p_user_id: userId, p_limit: BATCH }, [
    "twilio_message_sid",
  ]);
  const redacted: string[] = [];
  for (const message of waiting) {
    if (await redactOne(userId, message, dependencies)) redacted.push(message.message_id);
  }
  if (redacted.length > 0) await decide(db, "record_redaction", { p_message_ids: redacted });
  return !await decide(db, "waits_for_redaction", { p_user_id: userId });
}

interface WaitingMessage {
  message_id: string;
  twilio_message_sid: string | null;
  source: Enum<"message_source">;
  media_count: number;
  is_at_twilio: boolean;
}

async function redactOne(
  userId: string,
  { message_id, twilio_message_sid: sid, source, media_count: mediaCount, is_at_twilio }: WaitingMessage,
  { accounts, log }: RedactDependencies,
): Promise<boolean> {
  if (!is_at_twilio) return true;
  try {
    const twilio = await sendingAccount(accounts, userId, source);
    // A suspended account cannot act: its texts wait.
    return twilio !== null && await redactAtTwilio({ sid, mediaCount }, twilio);
  } catch (error) {
    log.warn("message.redaction_failed", { userId, messageId: message_id, ...describeError(error) });
    return false;
  }
}
