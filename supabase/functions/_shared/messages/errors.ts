import { ApiError } from "../platform/errors.ts";
import { errorOfFailure, twilioDetail, type TwilioFailure } from "../twilio/errors.ts";
import { isSorted, type MessageCode, messageCode, type Trouble } from "../twilio/message-codes.ts";

/** Twilio's reason for rejecting a message. */
export interface Rejection {
  status: number;
  code: number;
  message: string;
}

/** What a failed attempt to send a message means, for every place that sends. */
export type SendFailure =
  /** It was not processed, and may be sent later. */
  | { sort: "retry"; rejection: Rejection | null; retryAfterSeconds: number | null }
  /** It was not processed: this message or this recipient is not possible. */
  | { sort: "refuse" | "recipient"; rejection: Rejection }
  /** It was not processed: the account or the sender cannot send. With an unknown code, it is not sent again. */
  | { sort: "account"; trouble: Trouble; rejection: Rejection; isKnown: boolean }
  /** It may have been sent. */
  | { sort: "unknown"; message: string };

/** Sorts a failed attempt to send. A 5xx stays unknown, with any code: the message may have been created. */
export function sendFailureOf(failure: TwilioFailure): SendFailure {
  switch (failure.kind) {
    case "throttled":
      return { sort: "retry", rejection: null, retryAfterSeconds: failure.retryAfterSeconds };
    case "unknown":
      return { sort: "unknown", message: failure.message };
    case "not_found":
      return credentialFailure({ status: 404, code: 20404, message: "The account was not found" });
    case "account":
      return credentialFailure(failure);
    case "refused":
      return sortedFailure(failure, messageCode(failure.code));
  }
}

function credentialFailure({ status, code, message }: Rejection): SendFailure {
  return { sort: "account", trouble: "credentials", rejection: { status, code, message }, isKnown: true };
}

function sortedFailure({ status, code, message }: Rejection, sorted: MessageCode): SendFailure {
  const rejection = { status, code, message };
  switch (sorted.sort) {
    case "retry":
      return { sort: "retry", rejection, retryAfterSeconds: null };
    case "refuse":
    case "recipient":
      return { sort: sorted.sort, rejection };
    case "account":
      return { sort: "account", trouble: sorted.trouble, rejection, isKnown: isSorted(code) };
  }
}

/** A full queue holds ten hours of messages. A minute makes room for sixty, at the rate of a long code. */
const QUEUE_RETRY_SECONDS = 60;

/** The error for a message that was not processed and may be sent again. */
export function errorOfRetry(to: string, failure: SendFailure & { sort: "retry" }): ApiError {
  const { rejection, retryAfterSeconds } = failure;
  if (rejection === null) return errorOfFailure({ kind: "throttled", retryAfterSeconds });
  return errorOfMessage(to, rejection, { "retry-after": String(QUEUE_RETRY_SECONDS) });
}

/** The error for a message that Twilio rejected: our reason for Twilio's code, and the code itself in the details. */
export function errorOfMessage(
  to: string,
  rejection: Pick<Rejection, "status" | "code">,
  headers?: Record<string, string>,
): ApiError {
  const { code } = rejection;
  const { error, reason } = messageCode(code);
  const why = isSorted(code) ? reason : code === 0 ? "Twilio refused it" : `Twilio refused it with error ${code}`;
  return new ApiError(error, `Cannot send to "${to}": ${why}`, {
    details: [twilioDetail(rejection)],
    ...(headers !== undefined && { headers }),
  });
}
