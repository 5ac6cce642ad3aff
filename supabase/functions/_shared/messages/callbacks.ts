import * as z from "zod";
import { type Db, decision, type Enum } from "../platform/database.ts";
import { storable } from "../platform/text.ts";
import { pauseAfterDeliveryError } from "./account-errors.ts";
import { consentOf } from "./consent.ts";
import { recordMessageStatus } from "./evidence.ts";
import { reasonOf } from "../twilio/message-codes.ts";
import { sentStatusSchema } from "./statuses.ts";

const sid = z.string().regex(/^(SM|MM)[0-9a-f]{32}$/);
const whole = z.coerce.number().int();
/** The largest value of a column of type integer. */
const LARGEST_INTEGER = 2 ** 31 - 1;

/** The parameters that we read of a status callback. Twilio may add others at any time; they are ignored. */
export const statusSchema = z.object({
  MessageSid: sid,
  AccountSid: z.string(),
  MessageStatus: sentStatusSchema,
  ErrorCode: whole.min(0).max(LARGEST_INTEGER).optional(),
});

/** The parameters that we read of an inbound message. */
export const inboundSchema = z.object({
  MessageSid: sid,
  AccountSid: z.string(),
  From: z.string().min(1).max(64),
  To: z.string().min(1).max(64),
  Body: z.string().max(10_000).default(""),
  NumMedia: whole.min(0).max(20).default(0),
  NumSegments: whole.min(0).max(100).default(1),
  OptOutType: z.string().optional(),
});

const recordInboundMessage = decision("record_inbound_message", {
  recorded: ["reply?", "reply_id?"],
  duplicate: ["reply?", "reply_id?"],
  unknown_user: [],
});

/**
 * Records what a callback reports about a message.
 * @returns the outcome, or `ignored` for a report that cannot be read
 */
export async function applyStatusCallback(
  db: Db,
  userId: string,
  messageId: string | null,
  form: URLSearchParams,
): Promise<Enum<"evidence_outcome"> | "ignored"> {
  const report = statusSchema.safeParse(fieldsOf(form));
  if (!report.success) return "ignored";
  const { MessageSid, AccountSid, MessageStatus, ErrorCode } = report.data;
  const recorded = await recordMessageStatus(db, {
    message_id: messageId,
    user_id: userId,
    account_sid: AccountSid,
    sid: MessageSid,
    status: MessageStatus,
    error_code: ErrorCode ?? null,
    error_message: reasonOf(ErrorCode),
  });
  if (recorded.outcome === "moved") {
    await pauseAfterDeliveryError(db, { accountSid: AccountSid, sid: MessageSid, code: ErrorCode });
  }
  return recorded.outcome;
}

/** The tenant's reply to a received keyword, and its row in the ledger. */
export interface KeywordReply {
  body: string;
  messageId: string;
}

/**
 * Stores a received message once, and the consent it expresses.
 * @returns the outcome, or `ignored` for a message that cannot be read; and the tenant's reply to a keyword, if any
 */
export async function applyInbound(
  db: Db,
  userId: string,
  form: URLSearchParams,
): Promise<{ outcome: Enum<"inbound_outcome"> | "ignored"; reply: KeywordReply | null }> {
  const fields = fieldsOf(form);
  const message = inboundSchema.safeParse(fields);
  if (!message.success) return { outcome: "ignored", reply: null };
  const { MessageSid, AccountSid, From, To, Body, NumMedia, NumSegments, OptOutType } = message.data;
  const media = Array.from({ length: NumMedia }, (_, index) => ({
    url: fields[`MediaUrl${index}`],
    type: fields[`MediaContentType${index}`] ?? "application/octet-stream",
  })).filter(({ url }) => url !== undefined);
  const { consent, keyword } = consentOf(Body, OptOutType ?? null, To);
  const recorded = await recordInboundMessage(db, {
    p_user_id: userId,
    p_twilio_message_sid: MessageSid,
    p_account_sid: AccountSid,
    p_from: From,
    p_country: consent === null ? null : await countryOf(From),
    p_to: To,
    p_body: Body,
    p_media_urls: media.map(({ url }) => url!),
    p_media_types: media.map(({ type }) => type),
    p_num_segments: NumSegments,
    p_consent: consent,
    p_keyword: keyword,
  });
  if (recorded.outcome === "unknown_user") return { outcome: recorded.outcome, reply: null };
  const { outcome, reply, reply_id: replyId } = recorded;
  return { outcome, reply: reply === null || replyId === null ? null : { body: reply, messageId: replyId } };
}

/** The country that a reply goes to, ISO 3166; null for a sender that is not a phone number, such as a short code. */
async function countryOf(number: string): Promise<string | null> {
  const { countryOfNumber } = await import("../numbers/read-phone-number.ts");
  return countryOfNumber(number);
}

/** The first value of each field, as text that can be stored. The signature covers that value of a repeated field, too. */
function fieldsOf(form: URLSearchParams): Record<string, string> {
  return Object.fromEntries([...new Set(form.keys())].map((name) => [name, storable(form.get(name) ?? "")]));
}
