import type { MessageInstance } from "twilio/lib/rest/api/v2010/account/message.js";
import { type Rejection, type SendFailure, sendFailureOf } from "../messages/errors.ts";
import type { Evidence } from "../messages/evidence.ts";
import { handOver } from "../messages/hand-over.ts";
import { numericOf } from "../twilio/numeric.ts";
import type { Twilio } from "../twilio/client.ts";
import { failureOf, type TwilioFailure } from "../twilio/errors.ts";
import { reasonOf } from "../twilio/message-codes.ts";

/** Messages that were reserved together, and the account that sends them. */
export interface Batch {
  accountSid: string;
  sealedToken: string;
  from: string;
  mediaUrls: string[];
  messages: { id: string; to: string; body: string | null }[];
}

/**
 * The result of one message. `released`: Twilio did not process it, so its recipient waits again. `throttled`: likewise,
 * and Twilio takes no messages of this sender for a while.
 */
export type BatchResult = Evidence & { message_id: string };

export interface SendOutcome {
  result: BatchResult;
  /** Why the following messages cannot be sent now; null when they can. */
  trouble: Extract<SendFailure, { sort: "retry" | "account" }> | null;
}

export interface BatchDependencies {
  /** Twilio as the tenant. */
  twilio: Twilio;
  userId: string;
  publicBaseUrl: string;
}

/** Hands each message of a batch to Twilio once, in parallel. A message without a response is `unknown` and not sent again. */
export async function sendBatch(batch: Batch, dependencies: BatchDependencies): Promise<SendOutcome[]> {
  return await Promise.all(batch.messages.map((message) => sendOne(message, batch, dependencies)));
}

async function sendOne(
  { id, to, body }: Batch["messages"][number],
  { from, mediaUrls }: Batch,
  dependencies: BatchDependencies,
): Promise<SendOutcome> {
  try {
    const accepted = await handOver({ messageId: id, from, to, body, mediaUrls }, dependencies);
    return { result: acceptedResult(id, accepted), trouble: null };
  } catch (error) {
    return failedOutcome(id, error);
  }
}

function acceptedResult(
  id: string,
  { sid, status, errorCode, errorMessage, numSegments }: MessageInstance,
): BatchResult {
  return {
    message_id: id,
    status,
    sid,
    error_code: errorCode,
    error_message: errorMessage ?? reasonOf(errorCode),
    num_segments: numericOf(numSegments),
  };
}

function failedOutcome(id: string, error: unknown): SendOutcome {
  // After any other error the message may have been sent.
  const failure = sendFailureOf(failureOf(error) ?? UNREADABLE);
  switch (failure.sort) {
    case "retry":
      return { result: { message_id: id, status: "throttled" }, trouble: failure };
    case "account":
      // A message with an unknown code might be rejected each time, and would pause the campaign each time.
      return {
        result: failure.isKnown ? { message_id: id, status: "released" } : refusedResult(id, failure.rejection),
        trouble: failure,
      };
    case "unknown":
      return { result: { message_id: id, status: "unknown", error_message: failure.message }, trouble: null };
    case "refuse":
    case "recipient":
      return { result: refusedResult(id, failure.rejection), trouble: null };
  }
}

function refusedResult(id: string, { code, message }: Rejection): BatchResult {
  return { message_id: id, status: "refused", error_code: code, error_message: message };
}

const UNREADABLE: TwilioFailure = { kind: "unknown", message: "the response could not be understood" };
