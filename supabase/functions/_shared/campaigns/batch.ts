import type { MessageInstance } from "twilio/lib/rest/api/v2010/account/message.js";
import type { Evidence } from "../messages/evidence.ts";
import { numericOf } from "../twilio/numeric.ts";
import type { Twilio } from "../twilio/client.ts";
import { failureOf, type TwilioFailure } from "../twilio/errors.ts";
import { statusCallbackUrl } from "../twilio/webhook-urls.ts";

/** Messages that were reserved together, and the account that sends them. */
export interface Batch {
  accountSid: string;
  sealedToken: string;
  from: string;
  mediaUrls: string[];
  messages: { id: string; to: string; body: string | null }[];
}

/** The result of one message. `released`: Twilio did not process it, so it may be sent again. */
export type BatchResult = Evidence & { message_id: string };

export interface SendOutcome {
  result: BatchResult;
  /** Why the following messages cannot be sent now. */
  trouble: "account" | "throttled" | null;
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
  { twilio, userId, publicBaseUrl }: BatchDependencies,
): Promise<SendOutcome> {
  try {
    const accepted = await twilio.account.messages.create({
      to,
      from,
      statusCallback: statusCallbackUrl(publicBaseUrl, userId, id),
      ...(body !== null && { body }),
      ...(mediaUrls.length > 0 && { mediaUrl: mediaUrls }),
    });
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
    error_message: errorMessage,
    num_segments: numericOf(numSegments),
  };
}

function failedOutcome(id: string, error: unknown): SendOutcome {
  // After any other error the message may have been sent.
  const failure = failureOf(error) ?? UNREADABLE;
  switch (failure.kind) {
    case "throttled":
      return { result: { message_id: id, status: "released" }, trouble: "throttled" };
    case "account":
    case "not_found":
      return { result: { message_id: id, status: "released" }, trouble: "account" };
    case "unknown":
      return { result: { message_id: id, status: "unknown", error_message: failure.message }, trouble: null };
    case "refused":
      return {
        result: { message_id: id, status: "refused", error_code: failure.code, error_message: failure.message },
        trouble: null,
      };
  }
}

const UNREADABLE: TwilioFailure = { kind: "unknown", message: "the response could not be understood" };
