import { type Db, decide, type Enum } from "../platform/database.ts";
import { isSorted, messageCode, type Trouble } from "../twilio/message-codes.ts";

/** Why a campaign is paused for a trouble of its account or sender. */
export const PAUSE_REASONS = {
  credentials: "account_refused",
  sender: "sender_refused",
  settings: "twilio_refused",
} as const satisfies Record<Trouble, Enum<"campaign_status_reason">>;

/**
 * Pauses the campaign of a message that was not delivered for a reason that holds for its other recipients, too: Twilio
 * accepts and charges each of them. An unknown code says nothing about the others. A suspension pauses it by itself.
 */
export async function pauseAfterDeliveryError(
  db: Db,
  { accountSid, sid, code }: { accountSid: string; sid: string; code: number | null | undefined },
): Promise<void> {
  if (code === null || code === undefined || !isSorted(code)) return;
  const sorted = messageCode(code);
  if (sorted.sort !== "account" || sorted.trouble === "credentials") return;
  await decide(db, "pause_campaign_of", {
    p_account_sid: accountSid,
    p_twilio_message_sid: sid,
    p_reason: PAUSE_REASONS[sorted.trouble],
    p_error_code: code,
  });
}
