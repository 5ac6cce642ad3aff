import assert from "node:assert/strict";
import { callFunction } from "../../local/driver/actor.ts";
import { eventually } from "../../local/driver/eventually.ts";
import { assertRefused } from "../support/answers.ts";
import { sharedStage, test } from "../support/stage.ts";
import { newcomer, openAccounts, quiescence } from "../support/tenants.ts";
import { postStripeEvent } from "../support/webhooks.ts";

const stage = sharedStage();

interface StoredEvent {
  type: string;
  payload: { data?: { object: Record<string, unknown> } };
  result: string | null;
  ignored_because: string | null;
}

async function eventsStored(id: string): Promise<StoredEvent[]> {
  return [
    ...await stage.database.sql<StoredEvent[]>`
      select type, payload, result, ignored_because from public.webhook_events where provider = 'stripe' and event_id = ${id}`,
  ];
}

async function processed(id: string): Promise<StoredEvent> {
  return await eventually(`event ${id} to be processed`, async () => {
    await stage.database.hurry(id);
    const [event] = await eventsStored(id);
    return event?.result != null && event;
  });
}

/** An event without effects, as raw text with a new id. */
function someEvent(fields: Record<string, unknown> = {}): { id: string; payload: string } {
  const id = `evt_${crypto.randomUUID()}`;
  const event = {
    id,
    object: "event",
    type: "product.created",
    created: 1_790_000_000,
    data: { object: {} },
    ...fields,
  };
  return { id, payload: JSON.stringify(event, null, 2) };
}

/** Buys a plan while deliveries are dropped. Returns the purchase and its events, which tests deliver. */
async function buyUnheard(order: Parameters<typeof stage.stripe.subscribe>[0]) {
  await stage.stripe.fault({ deliveries: "dropped" });
  try {
    return await stage.stripe.subscribe(order);
  } finally {
    await stage.stripe.clearFaults();
  }
}

test("a signed event is in the ledger when it is acknowledged", async () => {
  const { id, payload } = someEvent();
  const { status, body } = await postStripeEvent(stage.state, payload);
  const [stored] = await eventsStored(id);
  assert.deepEqual([status, body], [200, { received: true }]);
  assert.deepEqual([stored?.type, stored?.payload], ["product.created", JSON.parse(payload)]);
});

const now = () => Math.floor(Date.now() / 1000);
const UNSIGNED: Record<string, (payload: string) => ReturnType<typeof postStripeEvent>> = {
  "is signed with another secret": (payload) => postStripeEvent(stage.state, payload, { secret: "whsec_unknown" }),
  "is six minutes old": (payload) => postStripeEvent(stage.state, payload, { timestamp: now() - 360 }),
  "is six minutes ahead": (payload) => postStripeEvent(stage.state, payload, { timestamp: now() + 360 }),
  "was changed on the way": (payload) => postStripeEvent(stage.state, payload, { signed: `${payload} ` }),
  "has no signature": (payload) => callFunction(stage.state, "stripe-webhook", { body: payload }),
  "has an empty signature": (payload) => withHeader(payload, ""),
  "has half a signature": (payload) => withHeader(payload, `t=${now()}`),
  "has no time in its signature": (payload) => withHeader(payload, `v1=${"0".repeat(64)}`),
  "has gibberish for a signature": (payload) => withHeader(payload, `t=${now()},v1=%%%,v0=x`),
};
const withHeader = (body: string, header: string) =>
  callFunction(stage.state, "stripe-webhook", { body, headers: { "stripe-signature": header } });

for (const [title, post] of Object.entries(UNSIGNED)) {
  test(`an event that ${title} is refused with 400 and leaves nothing behind`, async () => {
    const { id, payload } = someEvent();
    assertRefused(await post(payload), [400, "invalid_signature"]);
    assert.deepEqual(await eventsStored(id), []);
    assert.equal(await stage.database.isQuiet(id), true);
  });
}

for (const [title, signature] of [["a bad", "bad"], ["an old", "old"], ["a future", "future"]] as const) {
  test(`a purchase whose events have ${title} signature does not provision a subaccount`, async () => {
    const ada = await newcomer(stage, "ada");
    const { eventIds } = await buyUnheard({ clientReferenceId: ada.id, plan: "starter" });
    const { statuses } = await stage.stripe.deliver({ eventIds, signature });
    assert.deepEqual(new Set(statuses), new Set([400]));
    for (const id of eventIds) assert.deepEqual(await eventsStored(id), []);
    assert.deepEqual(await openAccounts(stage, ada), []);
  });
}

/** A thin event of Stripe's: it has no data. */
function thinEvent(fields: Record<string, unknown> = {}): { id: string; payload: string } {
  return someEvent({
    object: "v2.core.event",
    type: "v1.billing.meter.error_report_triggered",
    created: "2026-11-27T00:00:00.000Z",
    livemode: false,
    context: null,
    related_object: { id: "mtr_none", type: "billing.meter", url: "/v1/billing/meters/mtr_none" },
    data: undefined,
    ...fields,
  });
}

test("a thin event is accepted on its own path with the secret of its destination, and stored once", async () => {
  const { id, payload } = thinEvent();
  const signing = { path: "/thin", secret: stage.state.stripe.thinWebhookSecret! };
  for (let delivery = 0; delivery < 2; delivery++) {
    assert.deepEqual((await postStripeEvent(stage.state, payload, signing)).status, 200);
  }
  assert.deepEqual((await eventsStored(id)).map(({ payload }) => payload), [JSON.parse(payload)]);
  // Stripe does not know it: a job that fetched its data says so.
  assert.equal((await processed(id)).ignored_because, "unknown_object");
});

const UNSIGNED_THIN: Record<string, () => Parameters<typeof postStripeEvent>[2]> = {
  "is signed with the secret of the other endpoint": () => ({ secret: stage.state.stripe.webhookSecret }),
  "is six minutes old": () => ({ timestamp: now() - 360 }),
  "is six minutes ahead": () => ({ timestamp: now() + 360 }),
  "was changed on the way": () => ({ signed: "{}" }),
};
for (const [title, signing] of Object.entries(UNSIGNED_THIN)) {
  test(`a thin event that ${title} is refused with 400 and leaves nothing behind`, async () => {
    const { id, payload } = thinEvent();
    const secret = stage.state.stripe.thinWebhookSecret!;
    assertRefused(await postStripeEvent(stage.state, payload, { secret, ...signing(), path: "/thin" }), [
      400,
      "invalid_signature",
    ]);
    assert.deepEqual(await eventsStored(id), []);
  });
}

test("an event of the endpoint is refused when it is signed with the secret of the thin destination", async () => {
  const { payload } = someEvent();
  const secret = stage.state.stripe.thinWebhookSecret!;
  assertRefused(await postStripeEvent(stage.state, payload, { secret }), [400, "invalid_signature"]);
});

test("a signed body that is not an event is refused as invalid input, not reported as our error", async () => {
  assertRefused(await postStripeEvent(stage.state, "not json"), [400, "invalid_json"]);
  for (const payload of ["null", "[]", "{}", '{"id":"evt_1","type":"x"}', '{"id":1,"type":"x","created":1}']) {
    assertRefused(await postStripeEvent(stage.state, payload), [400, "invalid_input"]);
  }
});

test("an event with a date Postgres cannot store, or nested too deeply, is refused as invalid input", async () => {
  for (const created of [253_402_300_800, 999_999_999_999, "0000-01-01T00:00:00Z"]) {
    const { payload } = someEvent({ created });
    assertRefused(await postStripeEvent(stage.state, payload), [400, "invalid_input"]);
  }
  const { payload } = someEvent({ data: 0 });
  const deep = payload.replace('"data": 0', `"data": ${"[".repeat(9_000)}${"]".repeat(9_000)}`);
  assert.ok(deep.length > payload.length);
  assertRefused(await postStripeEvent(stage.state, deep), [400, "invalid_json"]);
});

test("an event delivered ten times at once is stored once and creates one account", async () => {
  const ada = await newcomer(stage, "ada");
  const { eventIds } = await buyUnheard({ clientReferenceId: ada.id, plan: "team" });
  const deliveries = await Promise.all(
    eventIds.map((eventId) => stage.stripe.deliver({ eventId, times: 10, order: "together" })),
  );
  assert.deepEqual(new Set(deliveries.flatMap(({ statuses }) => statuses)), new Set([200]));
  for (const id of eventIds) {
    await processed(id);
    assert.equal((await eventsStored(id)).length, 1);
  }
  await quiescence(stage, ada);
  assert.equal((await stage.twilio.accountsNamed(`switchboard:${ada.id}`)).length, 1);
  const subscriptions = await ada.data.from("subscriptions").select("status, plan_key");
  assert.deepEqual(subscriptions.data, [{ status: "active", plan_key: "team" }]);
});

test("events in the wrong order have the same result", async () => {
  const ada = await newcomer(stage, "ada");
  const { eventIds } = await buyUnheard({ clientReferenceId: ada.id, plan: "team" });
  const { statuses } = await stage.stripe.deliver({ eventIds, order: "reversed" });
  assert.deepEqual(new Set(statuses), new Set([200]));
  await Promise.all(eventIds.map(processed));
  await quiescence(stage, ada);
  assert.equal((await openAccounts(stage, ada)).length, 1);
});

test("a late event changes nothing, because the current status at Stripe counts", async () => {
  const ada = await newcomer(stage, "ada");
  const { subscriptionId, eventIds } = await buyUnheard({ clientReferenceId: ada.id, plan: "team" });
  await stage.stripe.fault({ deliveries: "dropped" });
  await stage.stripe.control(subscriptionId, "cancel");
  await stage.stripe.clearFaults();
  await stage.stripe.deliver({ eventIds });
  await Promise.all(eventIds.map(processed));
  await quiescence(stage, ada);
  const subscriptions = await ada.data.from("subscriptions").select("status");
  assert.deepEqual(subscriptions.data, [{ status: "canceled" }]);
  assert.deepEqual(await openAccounts(stage, ada), []);
});

test("events in the format of 2024 are understood", async () => {
  const ada = await newcomer(stage, "ada");
  const { subscriptionId, eventIds } = await buyUnheard({ clientReferenceId: ada.id, plan: "team" });
  await stage.stripe.deliver({ eventIds, shape: "old" });
  const stored = await Promise.all(eventIds.map(processed));
  const invoice = stored.find(({ type }) => type === "invoice.paid");
  assert.equal(invoice?.payload.data?.object["subscription"], subscriptionId, "the invoice is not in the old format");
  assert.match(invoice?.result ?? "", /^(recorded|superseded)$/);
  await quiescence(stage, ada);
  assert.equal((await openAccounts(stage, ada)).length, 1);
});

test("a thin event about no event of ours is acknowledged and stored, and has no effect", async () => {
  const { eventIds: [id], statuses } = await stage.stripe.deliver({ event: { object: "v2.core.event" } });
  assert.deepEqual(statuses, [200]);
  const { type, result, payload } = await processed(id!);
  assert.deepEqual([type, result], ["v1.billing.meter.error_report_triggered", "nothing_to_record"]);
  assert.equal(payload.data, undefined);
});

test("an event of an unknown type is acknowledged and stored, and has no effect", async () => {
  const { id, payload } = someEvent({ type: "tax.form.updated" });
  assert.equal((await postStripeEvent(stage.state, payload)).status, 200);
  assert.equal((await processed(id)).result, "ignored");
});

test("an event with text that Postgres cannot store is stored without it", async () => {
  const { id, payload } = someEvent({ data: { object: { name: "a\0b", nickname: "\ud83d", "field\ude00": 1 } } });
  assert.match(payload, /a\\u0000b/);
  assert.equal((await postStripeEvent(stage.state, payload)).status, 200);
  assert.deepEqual((await processed(id)).payload.data?.object, {
    name: "a\ufffdb",
    nickname: "\ufffd",
    "field\ufffd": 1,
  });
});

const UNKNOWN_OBJECTS: [type: string, object: Record<string, unknown>][] = [
  ["customer.subscription.updated", { id: "sub_unknown", customer: "cus_unknown" }],
  ["invoice.paid", { id: "in_unknown", customer: "cus_unknown", subscription: "sub_unknown" }],
  ["customer.deleted", { id: "cus_unknown" }],
];
for (const [type, object] of UNKNOWN_OBJECTS) {
  test(`an event ${type} about an object that Stripe does not know is settled as ignored`, async () => {
    const { eventIds: [id] } = await stage.stripe.deliver({ event: { type, data: { object } } });
    const { result, ignored_because } = await processed(id!);
    assert.deepEqual([result, ignored_because], ["ignored", "unknown_object"]);
  });
}

test("an event of a connected account is settled as ignored without a read at Stripe", async () => {
  const { id, payload } = someEvent({
    type: "customer.subscription.updated",
    account: "acct_connected",
    data: { object: { id: "sub_of_theirs", customer: "cus_of_theirs" } },
  });
  assert.equal((await postStripeEvent(stage.state, payload)).status, 200);
  const { result, ignored_because } = await processed(id);
  assert.deepEqual([result, ignored_because], ["ignored", "other_account"]);
});

test("a checkout whose subscription Stripe does not know is settled as ignored and links no customer", async () => {
  const ada = await newcomer(stage, "ada");
  const object = { subscription: "sub_unknown", customer: "cus_unknown", client_reference_id: ada.id };
  const { eventIds: [id] } = await stage.stripe.deliver({
    event: { type: "checkout.session.completed", data: { object } },
  });
  assert.equal((await processed(id!)).result, "ignored");
  assert.deepEqual([...await stage.database.sql`select from private.stripe_customers where user_id = ${ada.id}`], []);
});

test("an event about a subscription that was read before and that Stripe no longer knows is kept for a retry", async () => {
  const { sql } = stage.database;
  const subscriptionId = `sub_vanished_${crypto.randomUUID().slice(0, 8)}`;
  await sql`insert into public.subscriptions (id, stripe_customer_id, plan_key, status)
    values (${subscriptionId}, 'cus_vanished', 'team', 'active')`;
  const object = { id: subscriptionId, customer: "cus_vanished" };
  const { eventIds: [id] } = await stage.stripe.deliver({
    event: { type: "customer.subscription.updated", data: { object } },
  });
  const error = await eventually("the first attempt to fail", async () => {
    const [failed] = await sql<{ error: string }[]>`
      select e.error from private.job_errors e join private.jobs j on j.lane = e.lane and j.msg_id = e.job_id
      where j.message ->> 'eventId' = ${id!}`;
    return failed?.error;
  });
  assert.match(error, /Stripe does not know subscription .* STRIPE_SECRET_KEY/);
  await sql`update public.subscriptions set status = 'canceled', ended_at = now() where id = ${subscriptionId}`;
  assert.equal((await processed(id!)).result, "ignored");
});

test("an event whose metadata names a user that the subscription no longer names links nothing to them", async () => {
  const ada = await newcomer(stage, "ada");
  const { customerId, subscriptionId } = await buyUnheard({ clientReferenceId: null, plan: "team" });
  const object = { id: subscriptionId, customer: customerId, metadata: { user_id: ada.id } };
  const { eventIds: [id] } = await stage.stripe.deliver({
    event: { type: "customer.subscription.updated", data: { object } },
  });
  assert.equal((await processed(id!)).result, "unlinked");
  assert.deepEqual([...await stage.database.sql`select from private.stripe_customers where user_id = ${ada.id}`], []);
  assert.deepEqual(await openAccounts(stage, ada), []);
});

test("a purchase for a missing user is stored, and creates no account", async () => {
  const missing = { id: crypto.randomUUID() };
  const { eventIds, subscriptionId } = await buyUnheard({ clientReferenceId: missing.id, plan: "team" });
  await stage.stripe.deliver({ eventIds });
  const results = await Promise.all(eventIds.map(processed));
  assert.match(
    results.find(({ type }) => type === "checkout.session.completed")?.result ?? "",
    /^(unlinked|superseded)$/,
  );
  const [row] = await stage.database.sql`select user_id from public.subscriptions where id = ${subscriptionId}`;
  assert.deepEqual({ ...row }, { user_id: null });
  assert.deepEqual(await openAccounts(stage, missing), []);
});

for (const reference of ["not-a-uuid", "a".repeat(200), null]) {
  test(`a purchase that names ${reference?.slice(0, 12) ?? "no user"} is stored without an owner`, async () => {
    const { eventIds, subscriptionId } = await buyUnheard({ clientReferenceId: reference, plan: "starter" });
    await stage.stripe.deliver({ eventIds });
    await Promise.all(eventIds.map(processed));
    const [row] = await stage.database
      .sql`select user_id, status from public.subscriptions where id = ${subscriptionId}`;
    assert.deepEqual({ ...row }, { user_id: null, status: "active" });
  });
}

test("a checkout that names another tenant's subscription does not transfer it", async () => {
  const [ada, mallory] = [await newcomer(stage, "ada"), await newcomer(stage, "mallory")];
  const { customerId, subscriptionId, eventIds } = await buyUnheard({ clientReferenceId: ada.id, plan: "team" });
  await stage.stripe.deliver({ eventIds });
  await Promise.all(eventIds.map(processed));
  const { eventIds: [id] } = await stage.stripe.deliver({
    event: {
      type: "checkout.session.completed",
      data: { object: { subscription: subscriptionId, customer: customerId, client_reference_id: mallory.id } },
    },
  });
  await processed(id!);
  await quiescence(stage, ada);
  const [row] = await stage.database.sql`select user_id from public.subscriptions where id = ${subscriptionId}`;
  assert.equal(row?.["user_id"], ada.id);
  assert.deepEqual(await openAccounts(stage, mallory), []);
  assert.equal((await openAccounts(stage, ada)).length, 1);
});

test("a subscription whose metadata names another user than the checkout belongs to the user in the metadata", async () => {
  const [ada, ben] = [await newcomer(stage, "ada"), await newcomer(stage, "ben")];
  // Ben pays for a checkout that was opened with Ada's id. Only the holder of the Stripe key sets the metadata.
  const { subscriptionId, eventIds } = await buyUnheard({
    clientReferenceId: ada.id,
    plan: "team",
    subscriptionMetadata: { user_id: ben.id },
  });
  await stage.stripe.deliver({ eventIds });
  await Promise.all(eventIds.map(processed));
  await quiescence(stage, ben);
  const [row] = await stage.database.sql`select user_id, origin from public.subscriptions where id = ${subscriptionId}`;
  assert.deepEqual({ ...row }, { user_id: ben.id, origin: "metadata" });
  assert.deepEqual(await openAccounts(stage, ada), []);
  assert.equal((await openAccounts(stage, ben)).length, 1);
});

test("events that arrive before the checkout with their user get their owner from it", async () => {
  const ada = await newcomer(stage, "ada");
  const { subscriptionId, eventIds } = await buyUnheard({ clientReferenceId: ada.id, plan: "team" });
  const [session, ...others] = await sessionFirst(eventIds);
  for (const eventId of others) await stage.stripe.deliver({ eventId });
  await Promise.all(others.map(processed));
  const [before] = await stage.database.sql`select user_id from public.subscriptions where id = ${subscriptionId}`;
  assert.deepEqual({ ...before }, { user_id: null });
  await stage.stripe.deliver({ eventId: session! });
  await processed(session!);
  await quiescence(stage, ada);
  assert.equal((await openAccounts(stage, ada)).length, 1);
});

/** The ids of a purchase's events, the completed session's first. */
async function sessionFirst(eventIds: string[]): Promise<string[]> {
  const response = await fetch(`${stage.state.stripe.url}/_sim/events`);
  const { events } = await response.json() as { events: { id: string; event: { type: string } }[] };
  const typeOf = new Map(events.map(({ id, event }) => [id, event.type]));
  return eventIds.toSorted((a, b) => rank(typeOf.get(a)) - rank(typeOf.get(b)));
}

const rank = (type: string | undefined) => type === "checkout.session.completed" ? 0 : 1;

test("an event waits while Stripe cannot be read, and is processed afterwards", async () => {
  const ada = await newcomer(stage, "ada");
  const { eventIds } = await buyUnheard({ clientReferenceId: ada.id, plan: "team" });
  await stage.stripe.fault({ match: "GET /v1/subscriptions", kind: "status", status: 500, times: 6 });
  try {
    await stage.stripe.deliver({ eventIds });
    await Promise.all(eventIds.map(processed));
    assert.equal(await stage.stripe.pendingFaults(), 0);
  } finally {
    await stage.stripe.clearFaults();
  }
  await quiescence(stage, ada);
  assert.equal((await openAccounts(stage, ada)).length, 1);
});
