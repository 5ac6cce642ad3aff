import type { OutsideCall } from "./process.ts";

type Fetch = typeof fetch;

/** One request as a call of a process. A simulator in this process responds. */
export function httpCall(
  answer: Fetch,
  input: Parameters<Fetch>[0],
  init: Parameters<Fetch>[1],
  pointOf: (method: string, url: URL) => string,
): OutsideCall<Response> {
  const url = new URL(input instanceof Request ? input.url : input);
  return {
    point: pointOf(init?.method ?? "GET", url),
    // The caller's signal is left out: it would abort a request that is to arrive late.
    send: () => answer(url, { ...init, signal: null }),
    unanswered: () => {
      throw new DOMException("Signal timed out.", "TimeoutError");
    },
    answered: (status, body) =>
      body === "html"
        ? new Response(`<html><h1>${status}</h1></html>`, { status, headers: { "content-type": "text/html" } })
        : Response.json({ code: 20000 + status, message: `Answered ${status}`, status, error: {} }, { status }),
  };
}
