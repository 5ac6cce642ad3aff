import assert from "node:assert/strict";
import Stripe from "stripe";
import { sdk, startFixture } from "../../../tests/support/stripe/simulator-fixture.ts";

Deno.test("drop_before closes the connection and creates no customer", async () => {
  await using s = await startFixture();
  // Twice, because the runtime may repeat a call once after its connection closed, regardless of the SDK's settings.
  await s.control("/_sim/faults", { match: "POST /v1/customers", kind: "drop_before", times: 2 });
  await assert.rejects(s.stripe.customers.create({ name: "Ada" }), { type: "StripeConnectionError" });
  assert.equal((await s.stripe.customers.list()).data.length, 0);
});

Deno.test("drop_after_commit creates the customer and closes the connection", async () => {
  await using s = await startFixture();
  await s.control("/_sim/faults", { match: "POST /v1/customers", kind: "drop_after_commit" });
  // Without a connection pool: fetch repeats a request if a reused connection closes.
  using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  const request: RequestInit & { client: Deno.HttpClient } = {
    client,
    method: "POST",
    headers: { authorization: `Bearer ${s.simulator.secretKey}` },
    body: new URLSearchParams({ name: "Ada" }),
  };
  await assert.rejects(fetch(`${s.simulator.url}/v1/customers`, request), TypeError);
  assert.deepEqual((await s.stripe.customers.list()).data.map(({ name }) => name), ["Ada"]);
});

Deno.test("A retry with the same idempotency key after drop_after_commit creates no second customer", async () => {
  await using s = await startFixture();
  await s.control("/_sim/faults", { match: "POST /v1/customers", kind: "drop_after_commit" });
  const retrying = sdk(s.simulator, { maxNetworkRetries: 2 });
  const ada = await retrying.customers.create({ name: "Ada" });
  assert.deepEqual((await s.stripe.customers.list()).data.map(({ id }) => id), [ada.id]);
  assert.deepEqual((await s.control("/_sim/faults")).answer.api, []);
});

Deno.test("A status fault affects the given number of matching calls", async () => {
  await using s = await startFixture();
  await s.control("/_sim/faults", { match: "GET /v1/subscriptions", kind: "status", status: 503, times: 2 });
  await s.stripe.customers.list();
  await assert.rejects(s.stripe.subscriptions.list(), { statusCode: 503, type: "StripeAPIError" });
  const { answer } = await s.control("/_sim/faults");
  assert.equal(answer.api[0]?.times, 1);
  await assert.rejects(s.stripe.subscriptions.retrieve("sub_1"), { statusCode: 503 });
  assert.equal((await s.stripe.subscriptions.list()).data.length, 0);
});

Deno.test("A status fault can respond with HTML or with a rate limit error", async () => {
  await using s = await startFixture();
  await s.control("/_sim/faults", { match: "* /v1/", kind: "status", status: 502, body: "html" });
  await assert.rejects(s.stripe.customers.list(), { message: "Invalid JSON received from the Stripe API" });
  await s.control("/_sim/faults", { match: "* /v1/", kind: "status", status: 429 });
  await assert.rejects(s.stripe.customers.list(), { type: "StripeRateLimitError", code: "rate_limit" });
});

Deno.test("A delay fault delays the normal response", async () => {
  await using s = await startFixture();
  await s.control("/_sim/faults", { match: "GET /v1/customers", kind: "delay", delayMs: 60 });
  const started = Date.now();
  assert.equal((await s.stripe.customers.list()).data.length, 0);
  assert.ok(Date.now() - started >= 60);
});

Deno.test("POST /_sim/faults answers 400 to invalid faults, and DELETE removes all faults", async () => {
  await using s = await startFixture();
  const invalid = [
    { match: "GET /v1/subscriptions", kind: "status" },
    { match: "subscriptions", kind: "drop_before" },
    { match: "GET /v1/", kind: "explode" },
    { match: "GET /v1/", kind: "drop_before", tims: 2 },
    { deliveries: "lost" },
    { deliveries: "paused", times: 1 },
  ];
  for (const fault of invalid) {
    assert.equal((await s.control("/_sim/faults", fault)).status, 400, JSON.stringify(fault));
  }
  await s.control("/_sim/faults", { match: "GET /v1/", kind: "drop_before", times: 99 });
  await s.control("/_sim/faults", undefined, "DELETE");
  assert.equal((await s.stripe.customers.list()).data.length, 0);
});

Deno.test("The controls answer 400 to invalid bodies and 404 to unknown subscriptions and paths", async () => {
  await using s = await startFixture();
  const { subscriptionId } = await s.checkout();
  const invalid: [string, unknown][] = [
    ["/_sim/checkout", { clientReferenceId: "ada", plan: "gold" }],
    ["/_sim/checkout", { plan: "team" }],
    ["/_sim/checkout", { clientReferenceId: "ada", plan: "team", trail: true }],
    [`/_sim/subscriptions/${subscriptionId}`, { action: "explode" }],
    [`/_sim/subscriptions/${subscriptionId}`, { action: "renew", now: true }],
    [`/_sim/subscriptions/${subscriptionId}`, { action: "change_plan", plan: "gold" }],
  ];
  for (const [path, body] of invalid) {
    assert.equal((await s.control(path, body)).status, 400, JSON.stringify(body));
  }
  assert.equal((await s.control("/_sim/subscriptions/sub_none", { action: "renew" })).status, 404);
  assert.equal((await s.control("/_sim/nothing")).status, 404);
  assert.equal((await s.stripe.subscriptions.list()).data.length, 1);
});

Deno.test("POST /_sim/reset removes all but the catalogue, the secrets and the webhook URL", async () => {
  await using s = await startFixture();
  const { eventIds } = await s.checkout();
  await s.received(eventIds);
  await s.control("/_sim/faults", { deliveries: "paused" });
  await s.control("/_sim/faults", { match: "GET /v1/", kind: "drop_before", times: 9 });
  await s.control("/_sim/reset", {});
  assert.equal((await s.stripe.events.list()).data.length, 0);
  assert.equal((await s.stripe.subscriptions.list({ status: "all" })).data.length, 0);
  assert.equal((await s.stripe.prices.list()).data.length, 3);
  const again = await s.checkout();
  await s.received(again.eventIds);
});

Deno.test("Two simulators in one process share no state", async () => {
  await using one = await startFixture();
  await using other = await startFixture();
  await one.checkout();
  assert.equal((await other.stripe.events.list()).data.length, 0);
  assert.notEqual(one.simulator.webhookSecret, other.simulator.webhookSecret);
  const foreign = sdk(one.simulator, { secretKey: other.simulator.secretKey });
  await assert.rejects(foreign.events.list(), (error) => error instanceof Stripe.errors.StripeAuthenticationError);
});
