import { Webhook } from "standardwebhooks";

/** An event for a receiver outside, and how to reach the receiver. */
export interface SignedPost {
  url: string;
  /** `whsec_…` */
  secret: string;
  /** The same in each repetition, so that the receiver can recognise one. */
  id: string;
  event: { type: string; timestamp: string; data: unknown };
  /** The receiver's name in errors. The URL is not quoted, because it may contain a secret. */
  receiver: string;
  timeoutMs: number;
}

export interface SignedPostDependencies {
  now: () => Date;
  fetch?: typeof fetch;
}

/**
 * Posts an event once, signed as Standard Webhooks defines. Redirects are not followed, and the body of the response is not
 * read.
 * @returns the status. @throws Error without a response in time
 */
export async function postSigned(
  { url, secret, id, event, receiver, timeoutMs }: SignedPost,
  { now, fetch: doFetch = fetch }: SignedPostDependencies,
): Promise<number> {
  const sentAt = now();
  const body = JSON.stringify(event);
  const headers = {
    "content-type": "application/json",
    "user-agent": "Switchboard",
    "webhook-id": id,
    "webhook-timestamp": String(Math.floor(sentAt.getTime() / 1000)),
    "webhook-signature": new Webhook(secret).sign(id, sentAt, body),
  };
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await doFetch(url, { method: "POST", headers, body, redirect: "manual", signal });
    await response.body?.cancel();
    return response.status;
  } catch (error) {
    const timedOut = error instanceof DOMException && error.name === "TimeoutError";
    throw new Error(timedOut ? `${receiver} did not answer in time` : `${receiver} cannot be reached`);
  }
}
