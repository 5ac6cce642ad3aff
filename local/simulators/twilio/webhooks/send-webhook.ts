import { newIdempotencyToken } from "../identifiers.ts";
import type { Simulation, Webhook, WebhookResult } from "../simulation.ts";
import { type ConnectionSettings, splitConnectionOverrides } from "./connection-overrides.ts";
import { attemptOnce, type AttemptResult } from "./http-attempt.ts";
import { twilioSignature } from "./signature.ts";

const RETRY_PAUSE_MS = 50;

/**
 * Sends a webhook as Twilio does: signed with the account's primary token, and retried according to the URL's fragment
 * with the same `I-Twilio-Idempotency-Token`, until its total timeout has passed. Records each attempt. Never rejects.
 */
export async function sendWebhook(simulation: Simulation, webhook: Webhook): Promise<WebhookResult> {
  const { url, settings } = splitConnectionOverrides(webhook.url);
  if (webhook.purpose === "usage") repeatAfterServerErrors(settings);
  const target = webhook.method === "GET" ? withQuery(url, webhook.params) : url;
  const form = webhook.method === "GET" ? {} : webhook.params;
  const idempotencyToken = newIdempotencyToken();
  const deadline = Date.now() + settings.totalTimeoutMs;
  let result: AttemptResult;
  for (let attempt = 1;; attempt++) {
    const startedAt = Date.now();
    result = await attemptOnce({
      url: target,
      method: webhook.method,
      headers: webhookHeaders(simulation, webhook, target, form, idempotencyToken),
      body: webhook.method === "GET" ? "" : new URLSearchParams(form).toString(),
      settings,
      remainingMs: deadline - startedAt,
      signal: simulation.timers.stopping,
    });
    record(simulation, webhook, target, attempt, startedAt, result);
    const retry = result.failure !== null && settings.retryPolicy.has(result.failure) && attempt <= settings.retryCount;
    if (!retry || Date.now() + RETRY_PAUSE_MS >= deadline || !(await simulation.timers.sleep(RETRY_PAUSE_MS))) break;
  }
  return { status: result.status, contentType: result.contentType, body: result.body, error: result.error };
}

/** Callbacks of usage triggers, unlike other webhooks, are repeated up to three times after a 5xx. */
function repeatAfterServerErrors(settings: ConnectionSettings): void {
  settings.retryPolicy.add("5xx");
  settings.retryCount = Math.max(3, settings.retryCount);
}

function webhookHeaders(
  simulation: Simulation,
  webhook: Webhook,
  target: string,
  form: Record<string, string>,
  idempotencyToken: string,
): Record<string, string> {
  const token = simulation.store.accounts.get(webhook.accountSid)?.authToken ?? "";
  const headers: Record<string, string> = {
    "accept": "*/*",
    "user-agent": "TwilioProxy/1.1",
    "x-twilio-signature": twilioSignature(token, target, form),
    "i-twilio-idempotency-token": idempotencyToken,
    "connection": "close",
  };
  if (webhook.method === "POST") headers["content-type"] = "application/x-www-form-urlencoded; charset=UTF-8";
  return headers;
}

function withQuery(url: string, params: Record<string, string>): string {
  return `${url}${url.includes("?") ? "&" : "?"}${new URLSearchParams(params)}`;
}

function record(
  simulation: Simulation,
  webhook: Webhook,
  target: string,
  attempt: number,
  startedAt: number,
  result: AttemptResult,
): void {
  const shown = new URL(target);
  shown.username = shown.password = "";
  simulation.callbacks.add({
    at: new Date(startedAt).toISOString(),
    purpose: webhook.purpose,
    accountSid: webhook.accountSid,
    method: webhook.method,
    url: shown.href,
    params: webhook.params,
    attempt,
    status: result.status,
    error: result.error,
    durationMs: Date.now() - startedAt,
  });
  simulation.log(`webhook ${webhook.purpose} ${webhook.method} ${shown.href} → ${result.status ?? result.error}`);
}
