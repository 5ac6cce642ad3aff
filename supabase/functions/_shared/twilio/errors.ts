import { ApiError } from "../platform/errors.ts";

/** Twilio gave no response. Only the kind of failure is kept, because a network error may quote the request. */
export class TwilioUnreachable extends Error {
  readonly timedOut: boolean;

  constructor(cause: unknown) {
    const timedOut = cause instanceof DOMException && cause.name === "TimeoutError";
    super(timedOut ? "Twilio did not respond in time" : "The connection to Twilio failed");
    this.name = "TwilioUnreachable";
    this.timedOut = timedOut;
  }
}

/** Twilio limits our requests, and its patience with this one is over: it was not processed. */
export class TwilioThrottled extends Error {
  /** As the SDK's errors have it. */
  readonly status = 429;
  /** What Twilio asked for in `Retry-After`; null without it. */
  readonly retryAfterSeconds: number | null;

  constructor(retryAfterSeconds: number | null) {
    super("Twilio is limiting our requests");
    this.name = "TwilioThrottled";
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** What a failed call to Twilio means to its caller. */
export type TwilioFailure =
  /** Twilio rejected the request: nothing happened. */
  | { kind: "refused"; status: number; code: number; message: string }
  /** 429, also after retries: not processed. */
  | { kind: "throttled"; retryAfterSeconds: number | null }
  /** The account may not act: its token is wrong, or it is suspended or closed. The master account reads its status. */
  | { kind: "account"; status: number; code: number; message: string }
  | { kind: "not_found" }
  /** A timeout, a broken connection, a 408 or a 5xx: it may or may not have happened. */
  | { kind: "unknown"; message: string };

/** The codes with which Twilio rejects a suspended or closed account, or its token. */
const ACCOUNT_CODES = new Set([20003, 20005, 20403, 10001, 90010]);

/**
 * The failure that an error of the SDK or of our HTTP client stands for; null for any other error.
 * Source: Twilio's error dictionary; the SDK's RestException has `status` and, unless the body was HTML, `code`.
 */
export function failureOf(error: unknown): TwilioFailure | null {
  if (error instanceof ApiError) return null; // it has a status, too
  if (error instanceof TwilioUnreachable) return { kind: "unknown", message: error.message };
  if (error instanceof TwilioThrottled) return { kind: "throttled", retryAfterSeconds: error.retryAfterSeconds };
  if (error instanceof SyntaxError) return { kind: "unknown", message: "Twilio's response could not be read" };
  if (!(error instanceof Error)) return null;
  const { status, code, message } = error as Error & { status?: unknown; code?: unknown };
  if (typeof status !== "number") return null;
  if (status === 429) return { kind: "throttled", retryAfterSeconds: null };
  // 408: a proxy gave up waiting for Twilio.
  if (status >= 500 || status < 400 || status === 408) return { kind: "unknown", message: `Twilio answered ${status}` };
  const known = typeof code === "number" || (typeof code === "string" && /^\d{5}$/.test(code)) ? Number(code) : 0;
  if (status === 401 || ACCOUNT_CODES.has(known)) return { kind: "account", status, code: known, message };
  if (status === 404) return { kind: "not_found" };
  return { kind: "refused", status, code: known, message };
}

/** As `failureOf`. @throws the error itself if it is not Twilio's */
export function requireTwilioFailure(error: unknown): TwilioFailure {
  const failure = failureOf(error);
  if (failure === null) throw error;
  return failure;
}

/** The error for a call without a usable response, where the request may be repeated. */
export function twilioUnavailable(reason: string): ApiError {
  return new ApiError("twilio_unavailable", "Cannot reach Twilio just now: nothing is lost, try again", {
    cause: new Error(reason),
    headers: { "retry-after": "5" },
  });
}

/** The error to answer for an error: that of `errorOfFailure` for one of Twilio's, any other error as it is. */
export function answerableError(error: unknown): unknown {
  const failure = failureOf(error);
  return failure === null ? error : errorOfFailure(failure);
}

/**
 * The error for a failure of a call that can be repeated: a read, or a write whose effect can be looked up.
 * Message sends and purchases have errors of their own.
 */
export function errorOfFailure(failure: TwilioFailure): ApiError {
  switch (failure.kind) {
    case "throttled":
      return new ApiError("twilio_throttled", "Cannot do this just now: Twilio is limiting our requests", {
        headers: { "retry-after": String(failure.retryAfterSeconds || 5) },
      });
    case "unknown":
      return twilioUnavailable(failure.message);
    case "account":
      return new ApiError(
        "twilio_misconfigured",
        "Cannot act for this account: Twilio does not accept its credentials",
        {
          cause: new Error(`Twilio ${failure.code}: ${failure.message}`),
        },
      );
    case "not_found":
      return new ApiError("not_found", "Cannot find this at Twilio");
    case "refused":
      return new ApiError("twilio_refused", `Cannot do this: Twilio refused it${withCode(failure.code)}`, {
        details: [twilioDetail(failure)],
      });
  }
}

/** Twilio's words are for developers and may quote ids, so a message names the code, and its details link to the explanation. */
const withCode = (code: number) => code === 0 ? "" : ` with error ${code}`;

/** Twilio's own code and its page in the error dictionary. */
export function twilioDetail(
  failure: { status: number; code: number },
): { twilioCode: number; twilioStatus: number; moreInfo: string } {
  return {
    twilioCode: failure.code,
    twilioStatus: failure.status,
    moreInfo: `https://www.twilio.com/docs/errors/${failure.code}`,
  };
}
