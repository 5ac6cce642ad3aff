import type { MessageInstance } from "twilio/lib/rest/api/v2010/account/message.js";
import type { Evidence } from "../messages/evidence.ts";
import { numberOf } from "../messages/refresh.ts";
import type { Twilio } from "../twilio/client.ts";
import { failureOf, type TwilioFailure } from "../twilio/errors.ts";
import { statusCallbackUrl } from "../twilio/webhook-urls.ts";

/** Messages reserved together, and as whom they go. */
export interface Wave {
  accountSid: string;
  sealedToken: string;
  from: string;
  mediaUrls: string[];
  messages: { id: string; to: string; body: string | null }[];
}

/** What came of one message; the status `released`: not processed, it may go again. */
export type WaveResult = Evidence & { message_id: string };

export interface SendOutcome {
  result: WaveResult;
  /** What stands in the way of those that follow. */
  trouble: "account" | "throttled" | null;
}

export interface WaveDependencies {
  /** Twilio as the tenant. */
  twilio: Twilio;
  userId: string;
  publicBaseUrl: string;
}

/** Hands a wave to Twilio, side by side, each once. What has no answer is `unknown`, and is never sent again. */
export async function sendWave(wave: Wave, dependencies: WaveDependencies): Promise<SendOutcome[]> {
  return await Promise.all(wave.messages.map((message) => sendOne(message, wave, dependencies)));
}

async function sendOne(
  { id, to, body }: Wave["messages"][number],
  { from, mediaUrls }: Wave,
  { twilio, userId, publicBaseUrl }: WaveDependencies,
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
): WaveResult {
  return {
    message_id: id,
    status,
    sid,
    error_code: errorCode,
    error_message: errorMessage,
    num_segments: numberOf(numSegments),
  };
}

function failedOutcome(id: string, error: unknown): SendOutcome {
  const failure = failureOrUnknown(error);
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

/** Whatever else was thrown, the message may have gone by then. */
function failureOrUnknown(error: unknown): TwilioFailure {
  try {
    return failureOf(error);
  } catch {
    return { kind: "unknown", message: "the answer could not be understood" };
  }
}
