import assert from "node:assert/strict";
import type { ForwardDelivery, ForwardWebhooks } from "../../../client/switchboard.ts";
import { problemOfUrl, webhookStateOf } from "./webhook-state.ts";

const at = "2026-11-27T12:00:00Z";
const used = { url: "https://ada.test/hook", enabled: true, disabledReason: null, createdAt: at };
const pending = { url: "https://ada.test/hook", createdAt: at };

function delivery(failure: "refused" | null): ForwardDelivery {
  return {
    id: crypto.randomUUID(),
    status: failure === null ? "delivered" : "pending",
    attemptCount: 1,
    lastAttempt: { at, status: failure === null ? 204 : 500, durationMs: 5, failure },
    nextAttemptAt: null,
    createdAt: at,
  };
}

Deno.test("a webhook is in the state that its rows and its newest deliveries tell", () => {
  const paused = { ...used, enabled: false, disabledReason: "The endpoint answered 410 Gone" };
  const failed = delivery("refused");
  const cases: [ForwardWebhooks, ForwardDelivery[] | undefined, object][] = [
    [{ webhook: null, pending: null }, undefined, { kind: "none" }],
    [{ webhook: null, pending }, undefined, { kind: "unconfirmed" }],
    [{ webhook: used, pending }, [delivery(null)], { kind: "in use" }],
    [{ webhook: used, pending: null }, undefined, { kind: "in use" }],
    [{ webhook: used, pending: null }, [failed, delivery(null)], { kind: "failing", count: 1, last: failed }],
    [{ webhook: used, pending: null }, [delivery(null), failed], { kind: "in use" }],
    [{ webhook: paused, pending: null }, [failed], { kind: "paused", reason: paused.disabledReason }],
  ];
  for (const [webhooks, newest, expected] of cases) assert.deepEqual(webhookStateOf(webhooks, newest), expected);
});

Deno.test("a URL without a scheme, with a user name or too long is refused before it is sent", () => {
  for (
    const text of ["", "ada.test/hook", "ftp://ada.test", "https://u:p@ada.test", `https://a.test/${"x".repeat(2050)}`]
  ) {
    assert.notEqual(problemOfUrl(text), null, text);
  }
  for (const text of ["https://ada.test/hook", " http://127.0.0.1:4000/ "]) {
    assert.equal(problemOfUrl(text), null, text);
  }
});
