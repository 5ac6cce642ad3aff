import { TwilioUnreachable } from "./errors.ts";

/** What the SDK asks of its HTTP client. */
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

/** Another token for an account whose token Twilio has just refused, or null where there is none. */
export type RenewToken = (refused: string) => Promise<string | null>;

export interface TwilioHttpOptions {
  fetch?: Fetch;
  timeoutMs?: number;
  /** How to wait between two attempts. */
  pause?: Pause;
  /** Asked at most once a request; without it a refused token is simply refused. */
  renewToken?: RenewToken | undefined;
}

const TIMEOUT_MS = 10_000;
const ATTEMPTS = 3;
const LONGEST_WAIT_MS = 2_000;

/**
 * The SDK's HTTP client over `fetch`. Retries only what cannot do harm: 429 (Twilio did not process the request) for every
 * method, any failure of a GET, and once what was refused for its token where there is another one (401: not processed
 * either). A write without an answer is the caller's to judge.
 * @throws TwilioUnreachable when no answer came: connection lost, or nothing within ten seconds
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
        // A redirect would carry the credentials to wherever it points.
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
    const response = await patiently(options, valid);
    if (response.statusCode !== 401 || renewToken === undefined) return response;
    const authToken = await renewToken(refused);
    if (authToken === null) return response;
    valid = { ...credentials, authToken };
    return await patiently(options, valid);
  };

  async function patiently(options: TwilioRequest, as: TwilioCredentials): Promise<TwilioResponse> {
    const readOnly = options.method.toLowerCase() === "get";
    for (let attempt = 1;; attempt++) {
      const last = attempt === ATTEMPTS;
      try {
        const response = await once(options, as);
        const repeat = response.statusCode === 429 || (readOnly && response.statusCode >= 500);
        if (last || !repeat) return response;
        await pause(waitFor(response, attempt));
      } catch (error) {
        if (last || !readOnly) throw error;
        await pause(backoff(attempt));
      }
    }
  }
}

/** Twilio's form encoding: arrays repeat the key, dates are already text, what is undefined is left out. */
function formOf(values: Record<string, unknown> | undefined): URLSearchParams {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(values ?? {})) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (item !== undefined && item !== null) form.append(name, String(item));
    }
  }
  return form;
}

function waitFor(response: TwilioResponse, attempt: number): number {
  const seconds = Number(response.headers["retry-after"]);
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds * 1000, LONGEST_WAIT_MS) : backoff(attempt);
}

/** Full jitter, so that many waiting callers do not return together. */
const backoff = (attempt: number) => Math.random() * Math.min(200 * 2 ** attempt, LONGEST_WAIT_MS);
const sleep: Pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * A form that is handed over once. Newer Deno repeats a request by itself, POST or not, when a kept-alive connection dies
 * under it, unless its body cannot be read twice: a blob's cannot, and unlike a bare stream it has a Content-Length.
 * Source: denoland/deno#32566, #35610
 */
function unrepeatable(form: URLSearchParams): Blob {
  return new Blob([form.toString()], { type: "application/x-www-form-urlencoded;charset=UTF-8" });
}
