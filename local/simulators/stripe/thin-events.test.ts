import assert from "node:assert/strict";
import type Stripe from "stripe";
import { eventually } from "../../driver/eventually.ts";
import { type Fixture, startFixture } from "../../../tests/support/stripe/simulator-fixture.ts";

type ErrorReport = Stripe.V2.Core.Events.V1BillingMeterErrorReportTriggeredEvent;

/** An endpoint for thin events as a customer of Stripe writes it. */
class ThinReceiver {
  readonly bodies: string[] = [];
  readonly notifications: Stripe.V2.Core.EventNotification[] = [];
  answer: (call: number) => number = () => 200;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor(stripe: Stripe, secret: () => string) {
    this.#server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
      const raw = await request.text();
      const signature = request.headers.get("stripe-signature") ?? "";
      try {
        this.notifications.push(await stripe.parseEventNotificationAsync(raw, signature, secret()));
      } catch {
        return new Response(null, { status: 400 });
      }
      this.bodies.push(raw);
      return new Response(null, { status: this.answer(this.bodies.length) });
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}/thin`;
  }

  async stop(): Promise<void> {
    await this.#server.shutdown();
  }
}

/** A simulator with a meter, and a receiver of its thin events. */
async function startThin() {
  const s = await startFixture({ now: () => 1_800_000_003_000 });
  const thin = new ThinReceiver(s.stripe, () => s.simulator.thinWebhookSecret);
  s.simulator.setThinWebhookUrl(thin.url);
  const meter = await s.stripe.billing.meters.create({
    display_name: "SMS",
    event_name: "sms",
    default_aggregation: { formula: "sum" },
  });
  return {
    ...s,
    thin,
    meter,
    async [Symbol.asyncDispose]() {
      await s[Symbol.asyncDispose]();
      await thin.stop();
    },
  };
}

const reject = (s: Fixture, key: string, event_name = "sms") =>
  s.stripe.billing.meterEvents.create({
    event_name,
    identifier: `identifier of ${key}`,
    payload: { stripe_customer_id: "cus_none", value: "1" },
  }, { idempotencyKey: key });
const advance = (s: Fixture, advanceSeconds = 20) => s.control("/_sim/clock", { advanceSeconds });
const stored = async (s: Fixture) => (await s.control("/_sim/thin-events")).answer.thinEvents;

Deno.test("Rejected events of 10 seconds are reported by one thin event, whose samples name Idempotency-Keys", async () => {
  await using s = await startThin();
  for (const key of ["row-1", "row-2", "row-3"]) await reject(s, key);
  await s.control("/_sim/faults", { meterEvents: "reject", code: "timestamp_too_far_in_past" });
  await reject(s, "row-4");
  await advance(s);
  await eventually("the thin event", () => s.thin.notifications.length === 1);
  const body = JSON.parse(s.thin.bodies[0]!);
  assert.deepEqual(Object.keys(body).sort(), [
    "context",
    "created",
    "id",
    "livemode",
    "object",
    "related_object",
    "type",
  ]);
  const [notification] = s.thin.notifications;
  assert.equal(notification!.type, "v1.billing.meter.error_report_triggered");
  const event = await notification!.fetchEvent() as ErrorReport;
  assert.equal(event.related_object.id, s.meter.id);
  assert.deepEqual([event.data.validation_start, event.data.validation_end, event.created], [
    new Date(1_800_000_000_000).toISOString(),
    new Date(1_800_000_010_000).toISOString(),
    new Date(1_800_000_012_000).toISOString(),
  ]);
  assert.equal(event.data.developer_message_summary, "There are 4 invalid events");
  assert.deepEqual(event.data.reason, {
    error_count: 4,
    error_types: [{
      code: "meter_event_customer_not_found",
      error_count: 3,
      sample_errors: [{
        error_message: "No customer was found matching cus_none.",
        request: { identifier: "row-1" },
      }],
    }, {
      code: "timestamp_too_far_in_past",
      error_count: 1,
      sample_errors: [{
        error_message: "The event timestamp is more than 35 days in the past.",
        request: { identifier: "row-4" },
      }],
    }],
  });
  const related = await (notification as { fetchRelatedObject(): Promise<Stripe.Billing.Meter> }).fetchRelatedObject();
  assert.equal(related.event_name, "sms");
});

Deno.test("An event without a meter is reported by no_meter_found, and each window by its own thin event", async () => {
  await using s = await startThin();
  await reject(s, "row-1", "nothing");
  await reject(s, "row-2");
  await advance(s, 10);
  await reject(s, "row-3");
  await advance(s);
  const events = (await s.stripe.v2.core.events.list()).data as ErrorReport[];
  assert.deepEqual(events.map(({ type, data }) => [type, data.reason.error_types[0]!.sample_errors[0]!.request]), [
    ["v1.billing.meter.error_report_triggered", { identifier: "row-3" }],
    ["v1.billing.meter.error_report_triggered", { identifier: "row-2" }],
    ["v1.billing.meter.no_meter_found", { identifier: "row-1" }],
  ]);
  await eventually("the thin events", () => s.thin.notifications.length === 3);
  const missing = await s.stripe.v2.core.events.list({ types: ["v1.billing.meter.no_meter_found"] });
  assert.equal(missing.data.length, 1);
  const of = await s.stripe.v2.core.events.list({ object_id: s.meter.id, limit: 1 });
  assert.deepEqual([of.data.length, of.next_page_url !== null], [1, true]);
  const ids: string[] = [];
  for await (const { id } of s.stripe.v2.core.events.list({ limit: 1 })) ids.push(id);
  assert.deepEqual(ids, events.map(({ id }) => id));
  await advance(s, 31 * 86_400);
  await assert.rejects(s.stripe.v2.core.events.retrieve(ids[0]!), { statusCode: 404 });
});

Deno.test("A thin event is retried, doubled, lost, late and paused by faults, and lost ones stay readable", async () => {
  await using s = await startThin();
  const next = async (fault?: Record<string, unknown>) => {
    if (fault) assert.equal((await s.control("/_sim/faults", fault)).status, 200);
    await reject(s, `row ${Math.random()}`);
    await advance(s);
  };
  const count = (wanted: number) => eventually(`${wanted} calls`, () => s.thin.notifications.length === wanted);
  s.thin.answer = (call) => call === 1 ? 500 : 200;
  await next();
  await count(2);
  await next({ thinEvents: "doubled", times: 1 });
  await count(4);
  await next({ thinEvents: "lost", times: 1 });
  const [lost] = await stored(s);
  assert.equal(lost?.delivery, "dropped");
  assert.equal((await s.stripe.v2.core.events.retrieve(lost!.id)).id, lost!.id);
  await next({ thinEvents: "late", times: 1, delayMs: 30 });
  await count(5);
  await next({ thinEvents: "paused" });
  await next();
  assert.equal(s.thin.notifications.length, 5);
  await s.control("/_sim/faults", undefined, "DELETE");
  await count(7);
  // Both reports are due in the second advance.
  await s.control("/_sim/faults", { thinEvents: "reordered" });
  await reject(s, "earlier");
  await advance(s, 8);
  await next();
  await count(9);
  const [newest, older] = await stored(s);
  assert.deepEqual(s.thin.notifications.slice(-2).map(({ id }) => id), [newest!.id, older!.id]);
  await next({ deliveries: "paused" });
  const [paused] = await stored(s);
  assert.deepEqual((await s.control("/_sim/deliver", { eventIds: [paused!.id, lost!.id] })).answer.statuses, [
    200,
    200,
  ]);
  assert.deepEqual((await s.control("/_sim/deliver", { eventId: paused!.id, signature: "bad" })).answer.statuses, [
    400,
  ]);
  await s.control("/_sim/faults", undefined, "DELETE");
  assert.equal(s.thin.notifications.length, 11);
});

Deno.test("An event destination gets the thin events that it enables, signed with its own secret", async () => {
  await using s = await startFixture({ now: () => 1_800_000_000_000 });
  let secret = "";
  const thin = new ThinReceiver(s.stripe, () => secret);
  const destinations = s.stripe.v2.core.eventDestinations;
  const create = (more: Record<string, unknown> = {}) =>
    destinations.create({
      name: "Switchboard",
      type: "webhook_endpoint",
      event_payload: "thin",
      enabled_events: ["v1.billing.meter.no_meter_found"],
      webhook_endpoint: { url: thin.url },
      include: ["webhook_endpoint.signing_secret", "webhook_endpoint.url"],
      ...more,
    });
  const { id, webhook_endpoint } = await create();
  assert.equal(webhook_endpoint?.url, thin.url);
  secret = webhook_endpoint!.signing_secret!;
  assert.notEqual(secret, s.simulator.webhookSecret);
  await s.stripe.billing.meters.create({
    display_name: "SMS",
    event_name: "sms",
    default_aggregation: { formula: "sum" },
  });
  await reject(s, "row-1");
  await reject(s, "row-2", "nothing");
  await advance(s);
  await eventually("the thin event", () => thin.notifications.length === 1);
  assert.equal(thin.notifications[0]?.type, "v1.billing.meter.no_meter_found");

  const ping = await destinations.ping(id);
  await eventually("the ping", () => thin.notifications.some((notification) => notification.id === ping.id));
  assert.equal((await destinations.update(id, { name: "Renamed" })).name, "Renamed");
  assert.equal((await destinations.disable(id)).status, "disabled");
  await reject(s, "row-3", "nothing");
  await advance(s);
  assert.equal((await stored(s))[0]?.attempts, 0);
  assert.equal((await destinations.enable(id)).status, "enabled");
  const shown = await destinations.retrieve(id);
  assert.deepEqual([shown.webhook_endpoint, shown.event_payload], [null, "thin"]);
  const secrets = destinations.retrieve(id, { include: ["webhook_endpoint.signing_secret"] });
  await assert.rejects(secrets, { statusCode: 400 });
  await assert.rejects(create({ event_payload: "snapshot" }), { statusCode: 400 });
  await assert.rejects(create({ enabled_events: ["invoice.paid"] }), { statusCode: 400 });
  s.simulator.setThinWebhookUrl(`${thin.url}/own`);
  const listed = (await destinations.list({ include: ["webhook_endpoint.url"] })).data;
  assert.deepEqual(listed.map((each) => each.webhook_endpoint?.url), [thin.url, `${thin.url}/own`]);
  await assert.rejects(destinations.update(listed[1]!.id, { name: "x" }), { statusCode: 400 });
  await destinations.del(id);
  await assert.rejects(destinations.retrieve(id), { statusCode: 404, code: "not_found" });
  await s.simulator.stop();
  await thin.stop();
});
