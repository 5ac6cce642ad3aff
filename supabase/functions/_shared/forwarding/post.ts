import { Webhook } from "standardwebhooks";
import { isPublicTarget } from "./target.ts";

export interface PostDependencies {
  now: () => Date;
  /** Whether tenants' servers may be on this machine or in its private network. */
  forwardToPrivate: boolean;
  fetch?: typeof fetch;
}

/** A request to a tenant's webhook. */
export interface Delivery {
  url: string;
  /** `whsec_…` */
  secret: string;
  id: string;
  event: { type: string; timestamp: string; data: unknown };
  timeoutMs: number;
}

/**
 * Posts an event to a tenant's webhook, signed as Standard Webhooks defines. Redirects are not followed, and the body of
 * the response is not read.
 * @returns the status. @throws Error that does not quote the URL, because its query may contain a secret
 */
export async function postEvent(
  { url, secret, id, event, timeoutMs }: Delivery,
  { now, forwardToPrivate, fetch: doFetch = fetch }: PostDependencies,
): Promise<number> {
  if (!isPublicTarget(url, forwardToPrivate)) throw new Error("the tenant's webhook is not a public https URL");
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
    throw new Error(
      timedOut ? "the tenant's webhook did not answer in time" : "the tenant's webhook cannot be reached",
    );
  }
}
