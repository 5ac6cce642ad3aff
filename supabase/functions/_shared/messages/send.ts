import type { MessageInstance } from "twilio/lib/rest/api/v2010/account/message.js";
import { type Db, decide } from "../platform/database.ts";
import { ApiError } from "../platform/errors.ts";
import { describeError, type Log } from "../platform/log.ts";
import type { Twilio } from "../twilio/client.ts";
import { errorOfFailure, requireTwilioFailure, type TwilioFailure } from "../twilio/errors.ts";
import { reasonOf, type Trouble } from "../twilio/message-codes.ts";
import type { Composed } from "./compose.ts";
import { recordMessageStatus, type StatusReport } from "./evidence.ts";
import { errorOfMessage, errorOfRetry, type Rejection, sendFailureOf } from "./errors.ts";
import { handOver } from "./hand-over.ts";
import type { Reservation, SentMessage } from "./reserve.ts";
import type { MessageStatus } from "./statuses.ts";

export interface SendDependencies {
  db: Db;
  /** Twilio as the account that owns the sender. */
  twilio: Twilio;
  publicBaseUrl: string;
  userId: string;
  log: Log;
}

/**
 * Hands a reserved message to Twilio, once, and records the result. An SMS cannot be unsent: without a response it stays
 * `unknown` and is never sent again, until a callback or a look-up settles it.
 * @throws ApiError
 */
export async function sendReserved(
  composed: Composed,
  reservation: Reservation,
  dependencies: SendDependencies,
): Promise<SentMessage> {
  let accepted: MessageInstance;
  try {
    const { messageId, from } = reservation;
    accepted = await handOver({ ...composed, messageId, from }, dependencies);
  } catch (error) {
    throw await afterFailedSend(composed, reservation, requireTwilioFailure(error), dependencies);
  }
  return {
    id: reservation.messageId,
    sid: accepted.sid,
    status: await recordAccepted(accepted, reservation, dependencies),
    from: reservation.from,
    to: composed.to,
    segments: composed.segments,
    encoding: composed.encoding,
    source: reservation.source,
  };
}

/**
 * Records that Twilio accepted the message and returns the ledger's status, which a callback may have updated first. If
 * recording fails, the message is still on its way, so the caller gets no error that would make them send it again. Its
 * callback brings the SID, or the job that settles messages finds it.
 */
async function recordAccepted(
  accepted: MessageInstance,
  reservation: Reservation,
  dependencies: SendDependencies,
): Promise<string> {
  try {
    const recorded = await recordResult(reservation, dependencies, {
      sid: accepted.sid,
      status: accepted.status,
      error_code: accepted.errorCode,
      error_message: accepted.errorMessage ?? reasonOf(accepted.errorCode),
    });
    return recorded.outcome === "not_found" ? accepted.status : recorded.status;
  } catch (error) {
    const cause = error instanceof ApiError ? error.cause : error;
    dependencies.log.error("message.record_failed", { messageId: reservation.messageId, ...describeError(cause) });
    return accepted.status;
  }
}

async function afterFailedSend(
  { to }: Composed,
  reservation: Reservation,
  twilioFailure: TwilioFailure,
  dependencies: SendDependencies,
): Promise<ApiError> {
  const failure = sendFailureOf(twilioFailure);
  switch (failure.sort) {
    case "retry":
      // It was not processed, for a reason outside of the message: the key may be used again.
      await decide(dependencies.db, "release_message", { p_message_id: reservation.messageId });
      return errorOfRetry(to, failure);
    case "account":
      return await afterAccountFailure(to, reservation, failure, dependencies);
    case "unknown":
      await recordResult(reservation, dependencies, { status: "unknown", error_message: failure.message });
      return outcomeUnknown(to, reservation.messageId, failure.message);
    case "refuse":
    case "recipient":
      await recordRefusal(failure.rejection, reservation, dependencies);
      return errorOfMessage(to, failure.rejection);
  }
}

async function afterAccountFailure(
  to: string,
  reservation: Reservation,
  { trouble, rejection }: { trouble: Trouble; rejection: Rejection },
  dependencies: SendDependencies,
): Promise<ApiError> {
  const isOwn = reservation.source === "subaccount";
  switch (trouble) {
    case "credentials":
      await decide(dependencies.db, "release_message", { p_message_id: reservation.messageId });
      if (isOwn) await decide(dependencies.db, "report_account_trouble", { p_user_id: dependencies.userId });
      return errorOfFailure({ kind: "account", ...rejection });
    case "sender":
      await recordRefusal(rejection, reservation, dependencies);
      if (isOwn) await decide(dependencies.db, "report_sender_trouble", { p_user_id: dependencies.userId });
      return errorOfMessage(to, rejection);
    case "settings":
      await recordRefusal(rejection, reservation, dependencies);
      return errorOfMessage(to, rejection);
  }
}

function recordRefusal({ code, message }: Rejection, reservation: Reservation, dependencies: SendDependencies) {
  return recordResult(reservation, dependencies, { status: "refused", error_code: code, error_message: message });
}

/** A report without what the reservation says. */
type SendResult = Partial<StatusReport> & { status: MessageStatus | MessageInstance["status"] };

function recordResult({ messageId, accountSid }: Reservation, { db, userId }: SendDependencies, result: SendResult) {
  return recordMessageStatus(db, {
    message_id: messageId,
    user_id: userId,
    account_sid: accountSid,
    sid: null,
    error_code: null,
    error_message: null,
    ...result,
  });
}

function outcomeUnknown(to: string, messageId: string, reason: string): ApiError {
  return new ApiError(
    "message_outcome_unknown",
    `Cannot say whether the message to "${to}" was sent: Twilio's response was lost. Its status is unknown until we find out; repeating the request with the same Idempotency-Key does not send it twice`,
    { details: [{ messageId, status: "unknown" }], headers: { "retry-after": "30" }, cause: new Error(reason) },
  );
}
