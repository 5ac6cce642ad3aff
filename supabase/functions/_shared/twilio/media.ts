import { isPublicTarget } from "../platform/public-target.ts";
import type { Fetch, Pause, RenewToken, TwilioCredentials } from "./http.ts";
import { TwilioUnreachable } from "./errors.ts";

/** One file at Twilio, and the credentials to try, the best first. */
export interface MediaFetch {
  apiBaseUrl: string;
  /** From `mediaPathOf`. */
  path: string;
  credentials: readonly (TwilioCredentials & { renewToken?: RenewToken })[];
  /** The header `Range` to pass on; null for the whole file. */
  range: string | null;
  /** How often a 404 is tried again. Twilio's webhook may come before the file is available. */
  retriesIfMissing: number;
}

export interface MediaDependencies {
  fetch?: Fetch;
  pause?: Pause;
}

/** How long Twilio or its storage has for the headers of a response. */
const HEADERS_MS = 10_000;
/** How long the whole file may take. */
const TOTAL_MS = 60_000;
const MOST_REDIRECTS = 3;
const PAUSE_MS = 1_000;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * The path of a media URL at Twilio, if it is one of this message of this account; else null. The host of the URL is not
 * used: the path is requested from the configured API.
 */
export function mediaPathOf(url: string, accountSid: string, messageSid: string): string | null {
  const path = URL.parse(url)?.pathname ?? "";
  const match = /^\/2010-04-01\/Accounts\/(AC[0-9a-f]{32})\/Messages\/([SM]M[0-9a-f]{32})\/Media\/ME[0-9a-f]{32}$/.exec(
    path,
  );
  return match?.[1] === accountSid && match[2] === messageSid ? path : null;
}

/**
 * Requests a file. Twilio answers with a redirect to its storage, which is followed without credentials, over https, and to
 * public hosts only.
 * Source: https://www.twilio.com/docs/messaging/api/media-resource
 * @returns the response with an unread body: of the storage, or Twilio's error
 * @throws TwilioUnreachable without a response, or for a redirect that must not be followed
 */
export async function fetchMedia(
  { apiBaseUrl, path, credentials, range, retriesIfMissing }: MediaFetch,
  { fetch: doFetch = fetch, pause = sleep }: MediaDependencies = {},
): Promise<Response> {
  const total = AbortSignal.timeout(TOTAL_MS);
  const request = (url: URL, authorization: string | null) => get(url, authorization, range, total, doFetch);

  async function authorized(): Promise<Response> {
    let last: Response | undefined;
    for (const { accountSid, authToken, renewToken } of credentials) {
      let token: string | null = authToken;
      while (token !== null) {
        await last?.body?.cancel();
        last = await request(new URL(apiBaseUrl + path), `Basic ${btoa(`${accountSid}:${token}`)}`);
        if (last.status !== 401 && last.status !== 403) return last;
        token = token === authToken ? await renewToken?.(token) ?? null : null;
      }
    }
    if (last === undefined) throw new Error("Cannot fetch a file without credentials");
    return last;
  }

  let response = await authorized();
  for (let retries = retriesIfMissing; retries > 0 && response.status === 404; retries--) {
    await response.body?.cancel();
    await pause(PAUSE_MS);
    response = await authorized();
  }
  let url = new URL(apiBaseUrl + path);
  for (let hop = 0; REDIRECTS.has(response.status); hop++) {
    await response.body?.cancel();
    const location = response.headers.get("location") ?? "";
    const target = location === "" ? null : URL.parse(location, url);
    if (hop >= MOST_REDIRECTS || target === null || !mayFollow(target, apiBaseUrl)) {
      throw new TwilioUnreachable(new Error("a redirect that must not be followed"));
    }
    url = target;
    response = await request(url, null);
  }
  return response;
}

/** Only the simulator's API is http, and so is its storage. */
function mayFollow(url: URL, apiBaseUrl: string): boolean {
  return isPublicTarget(url.href, apiBaseUrl.startsWith("http://"));
}

async function get(
  url: URL,
  authorization: string | null,
  range: string | null,
  total: AbortSignal,
  doFetch: Fetch,
): Promise<Response> {
  const headers = new AbortController();
  const timer = setTimeout(() => headers.abort(new DOMException("No headers in time", "TimeoutError")), HEADERS_MS);
  try {
    return await doFetch(url, {
      headers: {
        // The length of an encoded body is not that of the file.
        "accept-encoding": "identity",
        ...(authorization !== null && { authorization }),
        ...(range !== null && { range }),
      },
      redirect: "manual",
      signal: AbortSignal.any([total, headers.signal]),
    });
  } catch (error) {
    throw new TwilioUnreachable(error);
  } finally {
    clearTimeout(timer);
  }
}

const sleep: Pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
