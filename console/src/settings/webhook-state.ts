import type { ForwardDelivery, ForwardWebhooks } from "../../../client/switchboard.ts";
import { failingInARow } from "./deliveries.ts";

/** What a webhook is in, for its badge and explanation. */
export type WebhookState =
  | { kind: "none" }
  | { kind: "unconfirmed" }
  | { kind: "in use" }
  /** The newest deliveries have not arrived. */
  | { kind: "failing"; count: number; last: ForwardDelivery }
  /** Nothing is forwarded until it is saved again. */
  | { kind: "paused"; reason: string | null };

/** @param newestFirst the newest deliveries; undefined until they are read */
export function webhookStateOf(
  { webhook, pending }: ForwardWebhooks,
  newestFirst: readonly ForwardDelivery[] | undefined,
): WebhookState {
  if (webhook === null) return { kind: pending === null ? "none" : "unconfirmed" };
  if (!webhook.enabled) return { kind: "paused", reason: webhook.disabledReason };
  const count = failingInARow(newestFirst ?? []);
  const last = newestFirst?.find(({ lastAttempt }) => lastAttempt.failure !== null);
  return count > 0 && last !== undefined ? { kind: "failing", count, last } : { kind: "in use" };
}

export const WEBHOOK_BADGES: Readonly<Record<WebhookState["kind"], { label: string; color: string } | null>> = {
  none: null,
  unconfirmed: { label: "Not confirmed", color: "yellow" },
  "in use": { label: "In use", color: "teal" },
  failing: { label: "Failing", color: "orange" },
  paused: { label: "Paused", color: "red" },
};

/** Why a text cannot be the URL of a webhook; null for one that the server may accept. */
export function problemOfUrl(text: string): string | null {
  const url = URL.parse(text.trim());
  if (url === null || !/^https?:$/.test(url.protocol)) return "Enter a URL that begins with https://";
  if (text.trim().length > 2048) return "A URL has at most 2,048 characters";
  if (url.username !== "" || url.password !== "") return "Leave out the user name: requests are signed instead";
  return null;
}
