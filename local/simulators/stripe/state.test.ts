import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startStripeSimulator } from "./mod.ts";
import { eventually } from "../../driver/eventually.ts";
import { startFixture } from "../../../tests/support/stripe/simulator-fixture.ts";

async function temporaryDirectory(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), "stripe-simulator-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

Deno.test("Objects, events, secrets and saved responses survive a restart with a state file", async () => {
  await using directory = await temporaryDirectory();
  const stateFile = join(directory.path, "deep", "stripe.json");
  const first = await startFixture({ stateFile });
  const bought = await first.checkout({ plan: "scale" });
  await first.received(bought.eventIds);
  await first.stripe.customers.create({ name: "Ada" }, { idempotencyKey: "ada" });
  await first.stripe.billing.meterEvents.create({
    event_name: "sms",
    identifier: "u1",
    payload: { stripe_customer_id: bought.customerId, value: "1" },
  });
  const before = await snapshotOf(first);
  await first[Symbol.asyncDispose]();

  await using second = await startFixture({ stateFile });
  assert.equal(second.simulator.secretKey, first.simulator.secretKey);
  assert.equal(second.simulator.webhookSecret, first.simulator.webhookSecret);
  assert.deepEqual(await snapshotOf(second), before);
  await second.stripe.customers.create({ name: "Ada" }, { idempotencyKey: "ada" });
  assert.equal((await second.stripe.customers.list()).data.length, 2);
  await second.act(bought.subscriptionId, "renew");
  assert.deepEqual(await readdir(join(directory.path, "deep")), ["stripe.json"]);
});

Deno.test("An open checkout session expires when its time is over, also while the simulator was stopped", async () => {
  await using directory = await temporaryDirectory();
  const stateFile = join(directory.path, "stripe.json");
  const first = await startFixture({ stateFile });
  const session = await first.stripe.checkout.sessions.create({
    mode: "subscription",
    line_items: [{ price: "price_SimStarterMonthly", quantity: 1 }],
  });
  assert.equal(session.expires_at - session.created, 86_400);
  await first[Symbol.asyncDispose]();
  const state = JSON.parse(await readFile(stateFile, "utf8"));
  state.records.sessions[0].expires_at = Math.floor(Date.now() / 1000) - 1;
  await writeFile(stateFile, JSON.stringify(state));

  await using second = await startFixture({ stateFile });
  const shown = await fetch(`${second.simulator.url}/checkout/${session.id}`);
  assert.deepEqual([shown.status, /expired/.test(await shown.text())], [400, true]);
  assert.equal((await second.stripe.checkout.sessions.retrieve(session.id)).status, "expired");
  const { data: events } = await second.stripe.events.list({ type: "checkout.session.expired" });
  assert.equal(events.length, 1);
});

async function snapshotOf(s: Awaited<ReturnType<typeof startFixture>>): Promise<unknown> {
  const { subscriptions } = (await s.control("/_sim/subscriptions")).answer;
  const { meterEvents } = (await s.control("/_sim/meter-events")).answer;
  const events = (await s.stripe.events.list({ limit: 100 })).data.map(({ id, type }) => ({ id, type }));
  const invoices = (await s.stripe.invoices.list()).data.map(({ id, status }) => ({ id, status }));
  return { subscriptions, meterEvents, events, invoices };
}

Deno.test("Accepted meter events and undelivered error reports are processed after a restart", async () => {
  await using directory = await temporaryDirectory();
  let time = 1_800_000_000_000;
  const options = { stateFile: join(directory.path, "stripe.json"), now: () => time };
  const first = await startFixture(options);
  const meter = { display_name: "SMS", event_name: "sms", default_aggregation: { formula: "sum" } };
  await first.stripe.billing.meters.create(meter);
  const { id: customer } = await first.stripe.customers.create({});
  await first.control("/_sim/metering", { processingSeconds: 3600 });
  await first.control("/_sim/clock", { advanceSeconds: 60 });
  for (const stripe_customer_id of [customer, "cus_none"]) {
    await first.stripe.billing.meterEvents.create({ event_name: "sms", payload: { stripe_customer_id, value: "1" } });
  }
  await first[Symbol.asyncDispose]();

  time += 86_400_000;
  await using second = await startFixture(options);
  assert.equal(second.simulator.thinWebhookSecret, first.simulator.thinWebhookSecret);
  const { meterEvents } = (await second.control("/_sim/meter-events")).answer;
  assert.deepEqual(meterEvents.map(({ status, processedAt }) => [status, processedAt]), [
    ["counted", 1_800_000_000 + 3660],
    ["rejected", 1_800_000_000 + 3660],
  ]);
  const { thinEvents } = (await second.control("/_sim/thin-events")).answer;
  assert.deepEqual(thinEvents.map(({ event, delivery }) => [Date.parse(event.created), delivery]), [
    [1_800_000_000_000 + 3_672_000, "pending"],
  ]);
});

Deno.test("A change is written to the state file, which only its owner can read", async () => {
  await using directory = await temporaryDirectory();
  const stateFile = join(directory.path, "stripe.json");
  await writeFile(`${stateFile}.tmp`, "left by a crash", { mode: 0o644 });
  await using s = await startFixture({ stateFile });
  const { subscriptionId } = await s.checkout();
  await eventually(
    "the write",
    async () => (await readFile(stateFile, "utf8").catch(() => "")).includes(subscriptionId),
  );
  assert.equal((await stat(stateFile)).mode & 0o777, 0o600);
});

Deno.test("Events that failed or were paused when the simulator stopped are delivered after a restart", async () => {
  await using directory = await temporaryDirectory();
  const stateFile = join(directory.path, "stripe.json");
  const down = await startFixture({ stateFile, retryDelaysMs: [300] });
  down.receiver.answer = () => 500;
  await down.stripe.customers.create({ name: "failed" });
  await eventually("the failure", async () => (await down.control("/_sim/deliveries")).answer.deliveries.length === 1);
  await down.control("/_sim/faults", { deliveries: "paused" });
  await down.stripe.customers.create({ name: "paused" });
  await down[Symbol.asyncDispose]();

  await using up = await startFixture({ stateFile, retryDelaysMs: [300] });
  await eventually("both events", () => up.receiver.events.length === 2);
  const names = up.receiver.events.map(({ data }) => (data.object as { name: string }).name);
  assert.deepEqual(names.sort(), ["failed", "paused"]);
  assert.equal((await up.stripe.events.list({ delivery_success: false })).data.length, 0);
});

Deno.test("startStripeSimulator rejects an invalid state file by name and does not change it", async () => {
  await using directory = await temporaryDirectory();
  const stateFile = join(directory.path, "notes.json");
  for (const text of ["{}", "not json", '{"version":2}']) {
    await writeFile(stateFile, text);
    await assert.rejects(startStripeSimulator({ stateFile }), {
      message: `Cannot load the state of the Stripe simulator: "${stateFile}" is not a version 1 state file`,
    });
    assert.equal(await readFile(stateFile, "utf8"), text);
  }
});

Deno.test("startStripeSimulator rejects with EADDRINUSE for a port in use, and stop() frees the port", async () => {
  const one = await startStripeSimulator();
  const port = Number(new URL(one.url).port);
  await assert.rejects(startStripeSimulator({ port }), { code: "EADDRINUSE" });
  await Promise.all([one.stop(), one.stop()]);
  const other = await startStripeSimulator({ port });
  await other.stop();
});
