import { SwitchboardError } from "../../../client/switchboard.ts";
import type { Failure } from "./draft.ts";

/** What a failed attempt to send means for the message. */
export type Outcome =
  /** It was not sent, and waits until it can be. */
  | "waits"
  /** There was no usable response: it may have been sent. Repeating it under the same key is safe. */
  | "lost"
  /** It was not sent, and the same message may be sent later. */
  | "later"
  /** It is in the ledger, and whether it was sent is found out there. */
  | "unknown"
  /** It was not sent, and is not possible as it is written. */
  | "refused";

/** Codes that say that the server began something, but not how it ended. */
const WITHOUT_RESULT: readonly string[] = [
  "timed_out",
  "aborted",
  "unreachable",
  "unexpected_answer",
  "internal_error",
];

/** @param isOnline whether the browser has a network now */
export function outcomeOf({ status, code }: Failure, isOnline: boolean): Outcome {
  // The session has ended: the message waits until the same user signs in again.
  if (status === 401) return "waits";
  if (code === "message_outcome_unknown") return "unknown";
  if (status === 0 && !isOnline) return "waits";
  if (WITHOUT_RESULT.includes(code)) return "lost";
  return status === 0 || status === 429 || status >= 500 ? "later" : "refused";
}

export function failureOf(error: unknown): Failure {
  if (!(error instanceof SwitchboardError)) {
    return { status: 0, code: "unexpected_answer", message: String(error), details: [] };
  }
  const { status, code, message, requestId, retryAfterSeconds, details } = error;
  return { status, code, message, requestId, retryAfterSeconds, details };
}

/** Whether the refused message has a row in the ledger, because Twilio refused it and not one of our own rules. */
export function isInLedger({ details }: Failure): boolean {
  return details.some((detail) => "twilioCode" in detail);
}
