import assert from "node:assert/strict";
import Stripe from "stripe";
import { eventually } from "../../driver/eventually.ts";
import { startFixture } from "../../../tests/support/stripe/simulator-fixture.ts";

const BILLED = ["invoice.created", "invoice.finalized"];
const PAID = ["invoice.updated", "invoice.paid", "invoice.payment_succeeded"];
const UPDATED = "customer.subscription.updated";

interface Story {
  title: string;
  checkout?: Record<string, unknown>;
  /** The actions before the tested one, in order. */
  before?: string[];
  action: string;
  more?: Record<string, unknown>;
  events: string[];
  status: string;
}

const STORIES: Story[] = [
  {
    title: "Renewing a subscription bills and pays the next period",
    action: "renew",
    events: [UPDATED, ...BILLED, ...PAID],
    status: "active",
  },
  {
    title: "Renewing a subscription with cancel_at_period_end cancels it",
    before: ["cancel_at_period_end"],
    action: "renew",
    events: ["customer.subscription.deleted"],
    status: "canceled",
  },
  {
    title: "Renewing a subscription with a failing card makes it past due",
    checkout: { payment: "fails_later" },
    action: "renew",
    events: [UPDATED, ...BILLED, "invoice.updated", "customer.updated", "invoice.payment_failed", UPDATED],
    status: "past_due",
  },
  {
    title: "Renewing a subscription with paused collection voids the invoice",
    before: ["pause_collection"],
    action: "renew",
    events: [UPDATED, ...BILLED, "invoice.voided"],
    status: "active",
  },
  {
    title: "A failed payment makes an active subscription past due",
    action: "payment_fails",
    events: [UPDATED, ...BILLED, "invoice.updated", "customer.updated", "invoice.payment_failed", UPDATED],
    status: "past_due",
  },
  {
    title: "A second failed payment of an invoice changes only the invoice",
    before: ["payment_fails"],
    action: "payment_fails",
    events: ["invoice.updated", "invoice.payment_failed"],
    status: "past_due",
  },
  {
    title: "Paying the open invoice makes a past due subscription active",
    before: ["payment_fails"],
    action: "pays",
    events: ["invoice.updated", "customer.updated", "invoice.paid", "invoice.payment_succeeded", UPDATED],
    status: "active",
  },
  {
    title: "Exhausting the retries makes a past due subscription unpaid",
    before: ["payment_fails"],
    action: "unpaid",
    events: ["invoice.updated", "invoice.payment_failed", UPDATED],
    status: "unpaid",
  },
  {
    title: "Paying makes an unpaid subscription active",
    before: ["payment_fails", "unpaid"],
    action: "pays",
    events: ["invoice.updated", "customer.updated", "invoice.paid", "invoice.payment_succeeded", UPDATED],
    status: "active",
  },
  {
    title: "Pausing a subscription emits updated and paused",
    action: "pause",
    events: [UPDATED, "customer.subscription.paused"],
    status: "paused",
  },
  {
    title: "Resuming a subscription bills a new period and emits resumed",
    before: ["pause"],
    action: "resume",
    events: [UPDATED, ...BILLED, ...PAID, "customer.subscription.resumed"],
    status: "active",
  },
  {
    title: "Pausing collection emits updated and keeps the status",
    action: "pause_collection",
    events: [UPDATED],
    status: "active",
  },
  {
    title: "Resuming collection emits updated",
    before: ["pause_collection"],
    action: "resume_collection",
    events: [UPDATED],
    status: "active",
  },
  {
    title: "Setting cancel_at_period_end emits updated",
    action: "cancel_at_period_end",
    events: [UPDATED],
    status: "active",
  },
  {
    title: "Unsetting cancel_at_period_end emits updated",
    before: ["cancel_at_period_end"],
    action: "keep",
    events: [UPDATED],
    status: "active",
  },
  {
    title: "Canceling a subscription emits only deleted",
    action: "cancel",
    events: ["customer.subscription.deleted"],
    status: "canceled",
  },
  {
    title: "Changing the plan emits updated",
    action: "change_plan",
    more: { plan: "scale" },
    events: [UPDATED],
    status: "active",
  },
  {
    title: "The action trial_will_end emits trial_will_end",
    checkout: { trial: true },
    action: "trial_will_end",
    events: ["customer.subscription.trial_will_end"],
    status: "trialing",
  },
  {
    title: "Ending a trial bills the first period",
    checkout: { trial: true },
    action: "trial_ends",
    events: [UPDATED, ...BILLED, ...PAID],
    status: "active",
  },
  {
    title: "A failed payment at the end of a trial makes the subscription past due",
    checkout: { trial: true },
    action: "payment_fails",
    events: [UPDATED, ...BILLED, "invoice.updated", "customer.updated", "invoice.payment_failed", UPDATED],
    status: "past_due",
  },
  {
    title: "A successful pending debit makes the subscription active",
    checkout: { payment: "pending" },
    action: "pays",
    events: [...PAID, "checkout.session.async_payment_succeeded", UPDATED],
    status: "active",
  },
  {
    title: "A failed pending debit leaves the subscription incomplete",
    checkout: { payment: "pending" },
    action: "payment_fails",
    events: ["invoice.updated", "customer.updated", "invoice.payment_failed", "checkout.session.async_payment_failed"],
    status: "incomplete",
  },
  {
    title: "A successful debit of a subscription that is active meanwhile only pays its invoice",
    checkout: { payment: "pending_active" },
    action: "pays",
    events: [...PAID, "checkout.session.async_payment_succeeded"],
    status: "active",
  },
  {
    title: "A failed debit of a subscription that is active meanwhile makes it past due",
    checkout: { payment: "pending_active" },
    action: "payment_fails",
    events: [
      "invoice.updated",
      "customer.updated",
      "invoice.payment_failed",
      "checkout.session.async_payment_failed",
      UPDATED,
    ],
    status: "past_due",
  },
  {
    title: "Setting cancel_at in the future emits updated",
    action: "cancel_in_a_week",
    events: [UPDATED],
    status: "active",
  },
  {
    title: "Unsetting cancel_at emits updated",
    before: ["cancel_in_a_week"],
    action: "keep",
    events: [UPDATED],
    status: "active",
  },
  {
    title: "Renewing a subscription whose cancel_at is within the period cancels it",
    before: ["cancel_in_a_week"],
    action: "renew",
    events: ["customer.subscription.deleted"],
    status: "canceled",
  },
  {
    title: "Adding an item emits updated",
    action: "add_item",
    more: { price: "price_SimScaleMonthly" },
    events: [UPDATED],
    status: "active",
  },
  {
    title: "Expiring a subscription without a first payment voids its invoice",
    checkout: { payment: "pending" },
    action: "expire",
    events: [UPDATED, "invoice.voided"],
    status: "incomplete_expired",
  },
  {
    title: "Deleting the customer cancels the subscription first",
    action: "delete_customer",
    events: ["customer.subscription.deleted", "customer.deleted"],
    status: "canceled",
  },
];

for (const { title, checkout = {}, before = [], action, more, events, status } of STORIES) {
  Deno.test(`${title}, with events that the SDK verifies in both API versions`, async () => {
    await using s = await startFixture();
    const { subscriptionId } = await s.checkout(checkout);
    for (const earlier of before) await s.act(subscriptionId, earlier);
    const received = await s.act(subscriptionId, action, more);
    assert.deepEqual(received.map(({ type }) => type), events);
    received.forEach(assertCurrentShape);
    assert.equal((await s.stripe.subscriptions.retrieve(subscriptionId)).status, status);
    assert.deepEqual(s.receiver.calls.filter(({ refusal }) => refusal), []);

    const eventIds = received.map(({ id }) => id);
    const callsBefore = s.receiver.calls.length;
    const { answer } = await s.control("/_sim/deliver", { eventIds, shape: "old" });
    assert.deepEqual(answer.statuses, events.map(() => 200));
    const old = s.receiver.calls.slice(callsBefore).map(({ event }) => event!);
    assert.deepEqual(old.map(({ id }) => id), eventIds);
    old.forEach(assertOldShape);
  });
}

const VARIANTS = [
  { request: {}, status: "active", payment: "paid", events: [...BILLED, ...PAID] },
  { request: { payment: "fails_later" }, status: "active", payment: "paid", events: [...BILLED, ...PAID] },
  { request: { payment: "pending" }, status: "incomplete", payment: "unpaid", events: BILLED },
  { request: { payment: "pending_active" }, status: "active", payment: "unpaid", events: BILLED },
  { request: { paymentStatus: "unpaid" }, status: "incomplete", payment: "unpaid", events: BILLED },
  { request: { trial: true }, status: "trialing", payment: "no_payment_required", events: [...BILLED, ...PAID] },
  { request: { trial: 3, paymentStatus: "paid" }, status: "trialing", payment: "paid", events: [...BILLED, ...PAID] },
];

for (const { request, status, payment, events } of VARIANTS) {
  Deno.test(`A checkout with ${JSON.stringify(request)} has the status ${status} and payment status ${payment}`, async () => {
    await using s = await startFixture();
    const bought = await s.checkout({ plan: "team", email: "ada@example.com", ...request });
    const received = await s.received(bought.eventIds);
    assert.deepEqual(received.map(({ type }) => type), [
      "customer.created",
      "checkout.session.completed",
      "customer.subscription.created",
      ...events,
    ]);
    received.forEach(assertCurrentShape);
    const session = received[1]!.data.object as Stripe.Checkout.Session;
    const subscription = received[2]!.data.object as Stripe.Subscription;
    assert.equal(session.client_reference_id, "ada");
    assert.equal(session.payment_status, payment);
    assert.equal(session.subscription, bought.subscriptionId);
    assert.equal(session.customer, bought.customerId);
    assert.equal(subscription.status, status);
    // Only the session identifies the tenant: a Payment Link adds no metadata to the subscription.
    assert.deepEqual({ ...subscription.metadata }, {});
    assert.equal(subscription.items.data[0]?.price.lookup_key, "team");
  });
}

Deno.test("The events of a renewal contain the new period and the previous one", async () => {
  await using s = await startFixture();
  const { subscriptionId } = await s.checkout();
  const before = (await s.stripe.subscriptions.retrieve(subscriptionId)).items.data[0]!;
  const [updated, , , , paid] = await s.act(subscriptionId, "renew");
  const subscription = updated!.data.object as Stripe.Subscription;
  const item = subscription.items.data[0]!;
  assert.equal(item.current_period_start, before.current_period_end);
  assert.ok(item.current_period_end > item.current_period_start);
  const previous = (updated!.data as { previous_attributes: { items: { data: Stripe.SubscriptionItem[] } } })
    .previous_attributes;
  assert.equal(previous.items.data[0]?.current_period_end, before.current_period_end);
  assert.deepEqual(Object.keys(previous).sort(), ["items", "latest_invoice"]);
  const invoice = paid!.data.object as Stripe.Invoice;
  assert.equal(invoice.id, subscription.latest_invoice);
  assert.equal(invoice.parent?.subscription_details?.subscription, subscriptionId);
  assert.equal(invoice.lines.data[0]?.period.start, item.current_period_start);
});

Deno.test("An event keeps the state of its object after later changes", async () => {
  await using s = await startFixture();
  const { subscriptionId, eventIds } = await s.checkout();
  await s.act(subscriptionId, "cancel");
  const created = await s.stripe.events.retrieve(eventIds[2]!);
  assert.equal(created.type, "customer.subscription.created");
  assert.equal((created.data.object as Stripe.Subscription).status, "active");
});

Deno.test("Exhausting the retries of a subscription with cancel_at_period_end leaves it canceled", async () => {
  await using s = await startFixture();
  const { subscriptionId } = await s.checkout();
  await s.act(subscriptionId, "cancel_at_period_end");
  await s.act(subscriptionId, "unpaid");
  assert.equal((await s.stripe.subscriptions.retrieve(subscriptionId)).status, "canceled");
});

Deno.test("An action that the status does not allow fails and emits no event", async () => {
  await using s = await startFixture();
  const { subscriptionId } = await s.checkout();
  await s.act(subscriptionId, "cancel");
  const before = (await s.control("/_sim/events")).answer.events.length;
  for (const action of ["renew", "resume", "pays", "pause", "cancel", "trial_ends"]) {
    await assert.rejects(s.act(subscriptionId, action), /Cannot \w+ subscription "sub_\w+": its status is "canceled"/);
  }
  assert.equal((await s.control("/_sim/events")).answer.events.length, before);
});

Deno.test("GET /_sim/subscriptions lists exactly the actions that the status allows", async () => {
  await using s = await startFixture();
  const { subscriptionId } = await s.checkout({ trial: true });
  const { subscriptions: [shown] } = (await s.control("/_sim/subscriptions")).answer;
  assert.equal(shown?.id, subscriptionId);
  assert.equal(shown?.clientReferenceId, "ada");
  const offered = shown?.actions.map(({ action }) => action);
  assert.deepEqual(offered, [
    "trial_will_end",
    "trial_ends",
    "payment_fails",
    "pause",
    "pause_collection",
    "cancel_at_period_end",
    "cancel_in_a_week",
    "cancel",
    "cancel_and_invoice",
  ]);
  const debit = await s.checkout({ payment: "pending_active" });
  const [pending] = (await s.control("/_sim/subscriptions")).answer.subscriptions;
  assert.equal(pending?.id, debit.subscriptionId);
  assert.ok(pending?.actions.some(({ action }) => action === "pays"));
});

Deno.test("A subscription ends when its cancel_at has passed, and runs until then", async () => {
  await using s = await startFixture();
  const { subscriptionId } = await s.checkout();
  const at = Math.floor(Date.now() / 1000) + 1;
  const [updated] = await s.act(subscriptionId, "cancel_at", { at });
  const scheduled = updated!.data.object as Stripe.Subscription;
  assert.deepEqual([scheduled.status, scheduled.cancel_at, scheduled.ended_at], ["active", at, null]);
  assert.ok(scheduled.canceled_at !== null && scheduled.canceled_at < at, "canceled_at is not the time of the request");
  const deleted = await eventually(
    "the end",
    () => s.receiver.events.find(({ type }) => type === "customer.subscription.deleted"),
  );
  const ended = deleted.data.object as Stripe.Subscription;
  assert.equal(ended.status, "canceled");
  assert.ok(ended.ended_at! >= at);
  assert.equal(ended.canceled_at, scheduled.canceled_at);
});

/** Checks that the fields that Stripe moved are where the current API version has them. */
function assertCurrentShape(event: Stripe.Event): void {
  assert.equal(event.api_version, Stripe.API_VERSION);
  assert.equal(event.livemode, false);
  const object = event.data.object as unknown as Record<string, unknown>;
  if (object.object === "subscription") {
    assert.equal("current_period_end" in object, false);
    const [item] = (object as unknown as Stripe.Subscription).items.data;
    assert.ok(item!.current_period_end > item!.current_period_start);
  }
  if (object.object === "invoice") {
    assert.equal("subscription" in object, false);
    const invoice = object as unknown as Stripe.Invoice;
    assert.match(String(invoice.parent?.subscription_details?.subscription), /^sub_/);
  }
}

/** Checks that the fields that Stripe moved are only where the 2024 API version has them. */
function assertOldShape(event: Stripe.Event): void {
  assert.equal(event.api_version, "2024-06-20");
  const object = event.data.object as unknown as Record<string, unknown>;
  if (object.object === "subscription") {
    assert.ok((object.current_period_end as number) > (object.current_period_start as number));
    const [item] = (object as unknown as Stripe.Subscription).items.data;
    assert.equal("current_period_end" in item!, false);
  }
  if (object.object === "invoice") {
    assert.match(object.subscription as string, /^sub_/);
    assert.equal(object.paid, object.status === "paid");
    assert.equal("parent" in object, false);
  }
}
