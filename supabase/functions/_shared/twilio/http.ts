import { TwilioThrottled, TwilioUnreachable } from "./errors.ts";

/** A request as the SDK passes it to its HTTP client. */
export interface TwilioRequest {
  method: string;
  uri: string;
  headers?: Record<string, string>;
  params?: Record<string, unknown>;
  data?: Record<string, unknown>;
}

export interface TwilioResponse {
  statusCode: number;
  body: string;
  headers: Record<string, string>;
}

export interface TwilioCredentials {
  accountSid: string;
  authToken: string;
}

export type Fetch = typeof fetch;
export type Pause = (ms: number) => Promise<unknown>;

/** Another token for an account whose token Twilio rejected, or null if there is none. */
export type RenewToken = (refused: string) => Promise<string | null>;

export interface TwilioHttpOptions {
  fetch?: Fetch;
  timeoutMs?: number;
  /** How to wait between two attempts. */
  pause?: Pause;
  /** Called at most once per request. Without it a rejected token is final. */
  renewToken?: RenewToken | undefined;
}

const TIMEOUT_MS = 10_000;
const ATTEMPTS = 3;
const LONGEST_WAIT_MS = 2_000;
const LONGEST_RETRY_AFTER_SECONDS = 3_600;

/**
 * The SDK's HTTP client over `fetch`. It retries only what Twilio did not process: any failure of a GET, a 429 of any
 * method, and, once, a 401 if there is another token. Writes without a response are not retried; the caller decides. It
 * waits as long as `Retry-After` says, or not at all: when that is longer than two seconds, the caller gets the time.
 * @throws TwilioUnreachable without a response: the connection failed, or ten seconds are over
 * @throws TwilioThrottled after the last 429
 */
export function twilioHttp(
  credentials: TwilioCredentials,
  { fetch: doFetch = fetch, timeoutMs = TIMEOUT_MS, pause = sleep, renewToken }: TwilioHttpOptions = {},
) {
  async function once(request: TwilioRequest, { accountSid, authToken }: TwilioCredentials): Promise<TwilioResponse> {
    const authorization = `Basic ${btoa(`${accountSid}:${authToken}`)}`;
    const target = new URL(request.uri);
    formOf(request.params).forEach((value, name) => target.searchParams.append(name, value));
    const hasForm = request.method.toLowerCase() === "post";
    try {
      const response = await doFetch(target, {
        method: request.method.toUpperCase(),
        headers: { accept: "application/json", authorization },
        // A redirect would send the credentials to another host.
        redirect: "manual",
        signal: AbortSignal.timeout(timeoutMs),
        ...(hasForm && { body: unrepeatable(formOf(request.data)) }),
      });
      return {
        statusCode: response.status,
        body: await response.text(),
        headers: Object.fromEntries(response.headers),
      };
    } catch (error) {
      throw new TwilioUnreachable(error);
    }
  }

  let valid = credentials;
  return async function request(options: TwilioRequest): Promise<TwilioResponse> {
    const { authToken: refused } = valid;
    const response = await withRetries(options, valid);
    if (response.statusCode !== 401 || renewToken === undefined) return response;
    const authToken = await renewToken(refused);
    if (authToken === null) return response;
    valid = { ...credentials, authToken };
    return await withRetries(options, valid);
  };

  async function withRetries(options: TwilioRequest, as: TwilioCredentials): Promise<TwilioResponse> {
    const readOnly = options.method.toLowerCase() === "get";
    for (let attempt = 1;; attempt++) {
      const last = attempt === ATTEMPTS;
      try {
        const response = await once(options, as);
        const repeat = response.statusCode === 429 || (readOnly && response.statusCode >= 500);
        if (!repeat) return response;
        const asked = retryAfterOf(response);
        if (last || (asked ?? 0) * 1000 > LONGEST_WAIT_MS) {
          if (response.statusCode === 429) throw new TwilioThrottled(asked);
          return response;
        }
        await pause(asked === null || asked === 0 ? backoff(attempt) : asked * 1000);
      } catch (error) {
        if (last || !readOnly || !(error instanceof TwilioUnreachable)) throw error;
        await pause(backoff(attempt));
      }
    }
  }
}

/** Twilio's form encoding: an array repeats its key, and an undefined value is omitted. Dates are text already. */
function formOf(values: Record<string, unknown> | undefined): URLSearchParams {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(values ?? {})) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (item !== undefined && item !== null) form.append(name, String(item));
    }
  }
  return form;
}

/** The seconds of `Retry-After`, which may be a date, rounded up and at most an hour; null when it says nothing. */
export function retryAfterOf({ headers }: Pick<TwilioResponse, "headers">, now = Date.now()): number | null {
  const text = headers["retry-after"]?.trim();
  if (text === undefined || text === "") return null;
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : (Date.parse(text) - now) / 1000;
  return Number.isNaN(seconds) ? null : Math.min(Math.max(0, Math.ceil(seconds)), LONGEST_RETRY_AFTER_SECONDS);
}

/** Full jitter, so that many waiting callers do not return together. */
const backoff = (attempt: number) => Math.random() * Math.min(200 * 2 ** attempt, LONGEST_WAIT_MS);
const sleep: Pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * A form that can be sent only once. Newer versions of Deno repeat a request, even a POST, when a kept-alive connection
 * fails, unless its body cannot be read twice. A blob cannot be, and unlike a stream it has a Content-Length.
 * Source: denoland/deno#32566, #35610
 */
function unrepeatable(form: URLSearchParams): Blob {
  return new Blob([form.toString()], { type: "application/x-www-form-urlencoded;charset=UTF-8" });
}
