import * as z from "zod";
import { type Db, decision, type Enum } from "../platform/database.ts";
import { describeError, type Log } from "../platform/log.ts";
import { storable } from "../platform/text.ts";
import { pauseAfterDeliveryError } from "./account-errors.ts";
import { consentOf } from "./consent.ts";
import { recordMessageStatus } from "./evidence.ts";
import { compareReceivedStart, liftOptOuts, type StartCheck, type StartDependencies, UNDECIDED } from "./starts.ts";
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
  // A count that cannot be read costs no STOP.
  NumMedia: whole.min(0).max(20).catch(0),
  NumSegments: whole.min(0).max(100).catch(1),
  OptOutType: z.string().optional(),
});

const recordInboundMessage = decision("record_inbound_message", {
  recorded: ["reply?", "reply_id?", "start_sid?", "stop_sids?", "answered_sid?"],
  duplicate: ["reply?", "reply_id?", "start_sid?", "stop_sids?", "answered_sid?"],
  unknown_user: [],
});

const recordMasterConsent = decision("record_master_consent", {
  recorded: ["start_sid?", "stop_sids?"],
  duplicate: ["start_sid?", "stop_sids?"],
  unknown_number: [],
});

/** Twilio waits fifteen seconds for a response. */
const COMPARISON_MS = 5_000;

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

export interface InboundDependencies extends StartDependencies {
  log: Log;
}

/**
 * Stores a received message once, and the consent it expresses.
 * @returns the outcome, or `ignored` for a message that cannot be read; and the tenant's reply to a keyword, if any
 */
export async function applyInbound(
  userId: string,
  form: URLSearchParams,
  dependencies: InboundDependencies,
): Promise<{ outcome: Enum<"inbound_outcome"> | "ignored"; reply: KeywordReply | null }> {
  const { db } = dependencies;
  const fields = fieldsOf(form);
  const message = inboundSchema.safeParse(fields);
  if (!message.success) return { outcome: "ignored", reply: null };
  const { MessageSid, AccountSid, From, To, Body, NumMedia, NumSegments, OptOutType } = message.data;
  const media = Array.from({ length: NumMedia }, (_, index) => ({
    url: fields[`MediaUrl${index}`],
    type: fields[`MediaContentType${index}`] ?? "application/octet-stream",
  })).filter(({ url }) => url !== undefined);
  const { consent, keyword } = consentOf(Body, OptOutType ?? null, To);
  const country = consent === null ? null : await countryOf(From);
  const recorded = await recordInboundMessage(db, {
    p_user_id: userId,
    p_twilio_message_sid: MessageSid,
    p_account_sid: AccountSid,
    p_from: From,
    p_country: country,
    p_to: To,
    p_body: Body,
    p_media_urls: media.map(({ url }) => url!),
    p_media_types: media.map(({ type }) => type),
    p_num_segments: NumSegments,
    p_consent: consent,
    p_keyword: keyword,
  });
  if (recorded.outcome === "unknown_user") return { outcome: recorded.outcome, reply: null };
  const check = checkOf(recorded, From, To);
  const answered = recorded.answered_sid === null ? null : { sid: recorded.answered_sid, country };
  const answer = check === null ? recorded : await settleNow(userId, check, answered, dependencies);
  return { outcome: recorded.outcome, reply: replyOf(answer) };
}

/**
 * Records the STOP or START that a number of the master account received. Nothing else of the message is stored.
 * @returns the outcome, or `ignored` for a message without such a keyword
 */
export async function applyMasterInbound(
  form: URLSearchParams,
  dependencies: InboundDependencies,
): Promise<Enum<"master_consent_outcome"> | "ignored"> {
  const message = inboundSchema.safeParse(fieldsOf(form));
  if (!message.success) return "ignored";
  const { MessageSid, From, To, Body, OptOutType } = message.data;
  const { consent, keyword } = consentOf(Body, OptOutType ?? null, To);
  if (consent !== "stop" && consent !== "start") return "ignored";
  const recorded = await recordMasterConsent(dependencies.db, {
    p_message_sid: MessageSid,
    p_from: From,
    p_to: To,
    p_consent: consent,
    p_keyword: keyword,
  });
  const check = recorded.outcome === "unknown_number" ? null : checkOf(recorded, From, To);
  if (check !== null) await settleNow(null, check, null, dependencies);
  return recorded.outcome;
}

function checkOf(
  { start_sid: startSid, stop_sids: stopSids }: { start_sid: string | null; stop_sids: string[] | null },
  peerNumber: string,
  ownNumber: string,
): StartCheck | null {
  return startSid === null ? null : { startSid, stopSids: stopSids ?? [], ownNumber, peerNumber };
}

/** Compares a START at Twilio and lifts what is older. Without a comparison in time a job does it later. */
async function settleNow(
  userId: string | null,
  check: StartCheck,
  answered: { sid: string; country: string | null } | null,
  dependencies: InboundDependencies,
) {
  const { db, log } = dependencies;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("Twilio did not respond in time")), COMPARISON_MS);
  });
  const started = await Promise.race([compareReceivedStart(userId, check, dependencies), tooLate])
    .catch((error) => {
      log.warn("twilio.start_not_compared", { userId, startSid: check.startSid, ...describeError(error) });
      return UNDECIDED;
    })
    .finally(() => clearTimeout(timer));
  return await liftOptOuts(db, userId, check, started, answered);
}

function replyOf({ reply, reply_id: replyId }: { reply: string | null; reply_id: string | null }): KeywordReply | null {
  return reply === null || replyId === null ? null : { body: reply, messageId: replyId };
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
