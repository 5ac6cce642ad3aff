import { byOwnClock } from "./own-clock.ts";

/** How long to wait for an answer: a read, a call of Auth, and any other call. The last is longer than a send may take. */
const READ_MS = 9_000;
const AUTH_MS = 15_000;
const WRITE_MS = 60_000;

const AUTH = "/auth/v1/";

/** The longest that a screen waits before it says that a read failed: a slow read is repeated once, after a second. */
export const LONGEST_READ_MS = 2 * READ_MS + 1_000;

/** `fetch` that always ends: without an answer in time, it throws a `TimeoutError`. A session ends by this browser's clock. */
export const boundedFetch: typeof fetch = async (input, init) => {
  const url = input instanceof Request ? input.url : String(input);
  const method = init?.method ?? (input instanceof Request ? input.method : "GET");
  const deadline = AbortSignal.timeout(limitOf(method, url));
  const signal = init?.signal ? AbortSignal.any([init.signal, deadline]) : deadline;
  const response = await fetch(input, { ...init, signal });
  return url.includes(AUTH) ? await byOwnClock(response) : response;
};

function limitOf(method: string, url: string): number {
  if (url.includes(AUTH)) return AUTH_MS;
  return method === "GET" || method === "HEAD" ? READ_MS : WRITE_MS;
}
