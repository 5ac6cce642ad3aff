import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import Stripe from "stripe";
import { eventually } from "../../driver/eventually.ts";
import { type Fixture, startFixture } from "../../../tests/support/stripe/simulator-fixture.ts";

const undelivered = async (s: Fixture) =>
  (await s.stripe.events.list({ delivery_success: false, limit: 100 })).data.map(({ id }) => id);

/** Returns the delivery of one event from `/_sim/events`. */
async function progress(s: Fixture, id: string): Promise<{ delivery: string; attempts: number }> {
  const { events } = (await s.control("/_sim/events")).answer;
  const { delivery, attempts } = events.find((record) => record.id === id)!;
  return { delivery, attempts };
}

Deno.test("A webhook call has indented JSON, Stripe's user agent and both signature schemes", async () => {
  await using s = await startFixture();
  const { id } = await s.stripe.customers.create({ name: "Ada" });
  await eventually("the call", () => s.receiver.calls.length === 1);
  const [{ raw, headers, event }] = s.receiver.calls as [typeof s.receiver.calls[0]];
  assert.match(raw, /^\{\n {2}"id": "evt_/);
  assert.match(headers.get("user-agent") ?? "", /^Stripe\/1\.0/);
  assert.match(headers.get("stripe-signature") ?? "", /^t=\d+,v1=[0-9a-f]{64},v0=[0-9a-f]{64}$/);
  assert.equal((event!.data.object as Stripe.Customer).id, id);
  assert.equal(event!.pending_webhooks, 1);
});

Deno.test("An event that is answered with 500 is retried until the receiver accepts it", async () => {
  await using s = await startFixture({ retryDelaysMs: [10, 10, 10] });
  s.receiver.answer = (call) => call <= 2 ? 500 : 200;
  await s.stripe.customers.create({ name: "Ada" });
  await eventually("the third attempt", () => s.receiver.calls.length === 3);
  const ids = new Set(s.receiver.events.map(({ id }) => id));
  assert.equal(ids.size, 1);
  const [id] = ids as unknown as [string];
  await eventually("the delivery to be recorded", async () => (await progress(s, id)).delivery === "delivered");
  assert.equal((await progress(s, id)).attempts, 3);
  await eventually("every delivery to be noted", async () => (await undelivered(s)).length === 0);
  assert.equal((await s.stripe.events.retrieve(id)).pending_webhooks, 0);
  const { deliveries } = (await s.control("/_sim/deliveries")).answer;
  assert.deepEqual(deliveries.map(({ status }) => status), [500, 500, 200]);
});

Deno.test("An event whose retries all failed is listed as undelivered until it is redelivered", async () => {
  await using s = await startFixture({ retryDelaysMs: [5] });
  s.receiver.answer = () => 503;
  await s.stripe.customers.create({ name: "Ada" });
  const [event] = (await s.stripe.events.list({ type: "customer.created" })).data;
  await eventually("the last attempt", async () => (await progress(s, event!.id)).delivery === "failed");
  assert.equal(s.receiver.calls.length, 2);
  assert.deepEqual(await undelivered(s), [event!.id]);
  assert.equal((await s.stripe.events.retrieve(event!.id)).pending_webhooks, 1);

  s.receiver.answer = () => 200;
  const { answer } = await s.control("/_sim/deliver", { eventId: event!.id });
  assert.deepEqual(answer.statuses, [200]);
  await eventually("every delivery to be noted", async () => (await undelivered(s)).length === 0);
});

Deno.test("A redirect and a timeout count as failed deliveries", async () => {
  await using s = await startFixture({ retryDelaysMs: [], deliveryTimeoutMs: 50 });
  s.receiver.answer = () => 302;
  await s.stripe.customers.create({ name: "redirected" });
  await eventually("the redirected call", () => s.receiver.calls.length === 1);
  const hung = Promise.withResolvers<number>();
  s.receiver.answer = () => hung.promise;
  await s.stripe.customers.create({ name: "hung" });
  await eventually("both attempts", async () => (await s.control("/_sim/deliveries")).answer.deliveries.length === 2);
  hung.resolve(200);
  const { deliveries } = (await s.control("/_sim/deliveries")).answer;
  assert.deepEqual(deliveries.map(({ status, error }) => [status, error]), [
    [302, null],
    [null, "no response within 50 ms"],
  ]);
  assert.equal((await undelivered(s)).length, 2);
});

Deno.test("A receiver that closes the connection is called once per recorded attempt", async () => {
  let calls = 0;
  const closing = createServer((incoming, outgoing) => {
    calls += 1;
    if (calls === 1) outgoing.end();
    else incoming.socket.destroy();
  });
  await new Promise<void>((resolve) => closing.listen(0, "127.0.0.1", resolve));
  const { port } = closing.address() as AddressInfo;
  {
    await using s = await startFixture({ webhookUrl: `http://127.0.0.1:${port}/`, retryDelaysMs: [10] });
    await s.stripe.customers.create({ name: "answered" });
    await eventually("the answered call", () => calls === 1);
    const { id } = await s.stripe.customers.create({ name: "closed" });
    const [event] = (await s.stripe.events.list({ type: "customer.created" })).data;
    assert.equal((event!.data.object as Stripe.Customer).id, id);
    await eventually("the last attempt", async () => (await progress(s, event!.id)).delivery === "failed");
    assert.equal((await progress(s, event!.id)).attempts, 2);
  }
  closing.close();
  assert.equal(calls, 3);
});

Deno.test("Paused events are sent in order to a webhook URL that is set later", async () => {
  await using s = await startFixture();
  await using late = await startFixture({ webhookSecret: s.simulator.webhookSecret });
  const target = s.receiver.url;
  const { answer: held } = await late.control("/_sim/faults", { deliveries: "paused" });
  assert.deepEqual(held.deliveries, ["paused"]);
  const { eventIds } = await late.checkout();
  assert.deepEqual((await undelivered(late)).toReversed(), eventIds);
  late.simulator.setWebhookUrl(target);
  await late.control("/_sim/faults", undefined, "DELETE");
  await eventually("the held events", () => s.receiver.events.length === eventIds.length);
  assert.deepEqual(s.receiver.events.map(({ id }) => id), eventIds);
  assert.equal(late.receiver.calls.length, 0);
});

Deno.test("The fault doubled sends each event twice", async () => {
  await using s = await startFixture();
  await s.control("/_sim/faults", { deliveries: "doubled" });
  const { eventIds } = await s.checkout();
  await eventually("every event twice", () => s.receiver.calls.length === 2 * eventIds.length);
  for (const id of eventIds) assert.equal(s.receiver.events.filter((event) => event.id === id).length, 2);
});

Deno.test("The fault reordered sends events of one action in reverse order", async () => {
  await using s = await startFixture();
  await s.control("/_sim/faults", { deliveries: "reordered" });
  const { eventIds } = await s.checkout();
  await s.received(eventIds);
  assert.deepEqual(s.receiver.events.map(({ id }) => id), eventIds.toReversed());
});

Deno.test("The fault dropped sends no events, and the events list contains them as undelivered", async () => {
  await using s = await startFixture();
  await s.control("/_sim/faults", { deliveries: "dropped" });
  const { eventIds } = await s.checkout();
  await s.control("/_sim/faults", undefined, "DELETE");
  await s.stripe.customers.create({ name: "after" });
  await eventually("the event after the fault", () => s.receiver.types.includes("customer.created"));
  // The simulator notes the delivery after the receiver has answered.
  await eventually("only its delivery to be noted", async () => (await undelivered(s)).length === eventIds.length);
  assert.deepEqual((await undelivered(s)).toReversed(), eventIds);
  assert.equal(s.receiver.events.some(({ id }) => eventIds.includes(id)), false);

  const { answer } = await s.control("/_sim/deliver", { eventIds, order: "reversed" });
  assert.deepEqual(answer.eventIds, eventIds.toReversed());
  await eventually("every delivery to be noted", async () => (await undelivered(s)).length === 0);
});

Deno.test("POST /_sim/deliver delivers an event several times concurrently after a delay", async () => {
  await using s = await startFixture();
  const { eventIds } = await s.checkout();
  await s.received(eventIds);
  const [id] = eventIds;
  const started = Date.now();
  const { answer } = await s.control("/_sim/deliver", { eventId: id, times: 3, delayMs: 40, order: "together" });
  assert.deepEqual(answer.statuses, [200, 200, 200]);
  assert.ok(Date.now() - started >= 40);
  assert.equal(s.receiver.events.filter((event) => event.id === id).length, 4);
});

Deno.test("The SDK rejects bad and old signatures and accepts one from the future", async () => {
  await using s = await startFixture();
  const { eventIds } = await s.checkout();
  await s.received(eventIds);
  const [id] = eventIds;
  const send = async (signature: string) => {
    const { answer } = await s.control("/_sim/deliver", { eventId: id, signature });
    return [answer.statuses[0], s.receiver.calls.at(-1)?.refusal?.message];
  };
  const [badStatus, badReason] = await send("bad");
  assert.equal(badStatus, 400);
  assert.match(String(badReason), /No signatures found matching the expected signature/);
  assert.deepEqual(await send("old"), [400, "Timestamp outside the tolerance zone"]);
  assert.deepEqual(await send("future"), [200, undefined]);
});

Deno.test("The SDK rejects a webhook with a modified body", async () => {
  await using s = await startFixture();
  await s.stripe.customers.create({ name: "Ada" });
  await eventually("the call", () => s.receiver.calls.length === 1);
  const { raw, headers } = s.receiver.calls[0]!;
  const forged = await fetch(s.receiver.url, { method: "POST", headers, body: raw.replace("Ada", "Eve") });
  await forged.body?.cancel();
  assert.equal(forged.status, 400);
  const replayed = await fetch(s.receiver.url, { method: "POST", headers, body: raw });
  await replayed.body?.cancel();
  assert.equal(replayed.status, 200);
});

Deno.test("A thin event is signed, rejected by constructEventAsync, and parsed by parseEventNotification", async () => {
  await using s = await startFixture();
  const { answer } = await s.control("/_sim/deliver", { event: { object: "v2.core.event" } });
  assert.deepEqual(answer.statuses, [400]);
  const { raw, refusal, headers } = s.receiver.calls[0]!;
  assert.match(refusal!.message, /You passed a thin event notification/);
  const notification = await s.stripe.parseEventNotificationAsync(
    raw,
    headers.get("stripe-signature")!,
    s.simulator.webhookSecret,
  );
  assert.equal(notification.type, "v1.billing.meter.error_report_triggered");
  assert.deepEqual(Object.keys(JSON.parse(raw)).sort(), [
    "context",
    "created",
    "id",
    "livemode",
    "object",
    "related_object",
    "type",
  ]);
  // The v1 list contains no thin events.
  assert.equal((await s.stripe.events.list()).data.length, 0);
});

Deno.test("POST /_sim/deliver completes, delivers and stores an event in the request", async () => {
  await using s = await startFixture();
  const charge = { id: "ch_1", object: "charge" };
  const { answer } = await s.control("/_sim/deliver", { event: { type: "charge.refunded", data: { object: charge } } });
  assert.deepEqual(answer.statuses, [200]);
  const [event] = s.receiver.events;
  assert.equal(event!.type, "charge.refunded");
  assert.deepEqual(event!.data.object, charge);
  assert.deepEqual(event!.data, (await s.stripe.events.retrieve(answer.eventIds[0]!)).data);

  const again = { id: event!.id, type: "charge.refunded", created: event!.created - 60, data: { object: charge } };
  await s.control("/_sim/deliver", { event: again });
  assert.equal(s.receiver.events[1]!.created, event!.created - 60);
});

Deno.test("POST /_sim/deliver answers 400 to a request with no event, two events or invalid fields", async () => {
  await using s = await startFixture();
  const { eventIds: [id] } = await s.checkout();
  for (
    const body of [{}, { eventId: id, eventIds: [id] }, { eventId: id, signatur: "bad" }, { eventId: id, times: 0 }]
  ) {
    assert.equal((await s.control("/_sim/deliver", body)).status, 400, JSON.stringify(body));
  }
  assert.equal((await s.control("/_sim/deliver", { eventId: "evt_none" })).status, 404);
});
