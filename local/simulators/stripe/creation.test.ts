import assert from "node:assert/strict";
import Stripe from "stripe";
import { eventually } from "../../driver/eventually.ts";
import { type Fixture, Receiver, sdk, startFixture } from "../../../tests/support/stripe/simulator-fixture.ts";

const priceOf = async (s: Fixture, plan: string) => (await s.stripe.prices.list({ lookup_keys: [plan] })).data[0]!.id;

/** A customer whose subscriptions are charged to this test card. */
const customerWith = (s: Fixture, card?: string) =>
  s.stripe.customers.create({
    email: "ada@example.com",
    ...(card !== undefined && { invoice_settings: { default_payment_method: card } }),
  });

Deno.test("A subscription created through the API is active and paid, with the events of a checkout's", async () => {
  await using s = await startFixture();
  const customer = await customerWith(s, "pm_card_visa");
  const subscription = await s.stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: await priceOf(s, "team"), quantity: 2 }, { price: await priceOf(s, "starter") }],
    metadata: { user_id: "ada" },
    expand: ["latest_invoice"],
  });
  assert.equal(subscription.status, "active");
  assert.deepEqual({ ...subscription.metadata }, { user_id: "ada" });
  assert.deepEqual(subscription.items.data.map(({ quantity }) => quantity), [2, 1]);
  const invoice = subscription.latest_invoice as Stripe.Invoice;
  assert.deepEqual([invoice.status, invoice.amount_paid, invoice.billing_reason], [
    "paid",
    11300,
    "subscription_create",
  ]);
  assert.equal((await s.stripe.subscriptions.retrieve(subscription.id)).customer, customer.id);
  await eventually("the events to be delivered", () => s.receiver.types.includes("invoice.payment_succeeded"));
  assert.deepEqual(s.receiver.types.slice(0, 4), [
    "customer.created",
    "customer.subscription.created",
    "invoice.created",
    "invoice.finalized",
  ]);
});

Deno.test("The first payment of a created subscription follows payment_behavior, trials and send_invoice", async () => {
  await using s = await startFixture();
  const items = [{ price: await priceOf(s, "team") }];
  const failing = (await customerWith(s, "pm_card_chargeCustomerFail")).id;
  const bare = (await customerWith(s)).id;
  const start = async (given: Omit<Stripe.SubscriptionCreateParams, "items">) => {
    const { status, latest_invoice } = await s.stripe.subscriptions.create({
      items,
      expand: ["latest_invoice"],
      ...given,
    });
    return [status, (latest_invoice as Stripe.Invoice).status];
  };
  assert.deepEqual(await start({ customer: failing }), ["incomplete", "open"]);
  assert.deepEqual(await start({ customer: bare, payment_behavior: "default_incomplete" }), ["incomplete", "open"]);
  assert.deepEqual(await start({ customer: bare, default_payment_method: "pm_card_visa" }), ["active", "paid"]);
  assert.deepEqual(await start({ customer: bare, trial_period_days: 14 }), ["trialing", "paid"]);
  assert.deepEqual(await start({ customer: bare, collection_method: "send_invoice", days_until_due: 30 }), [
    "active",
    "open",
  ]);
  const count = async () => (await s.stripe.subscriptions.list({ status: "all", limit: 100 })).data.length;
  const before = await count();
  await assert.rejects(start({ customer: bare }), {
    code: "resource_missing",
    statusCode: 400,
    message: /no attached payment/,
  });
  await assert.rejects(start({ customer: failing, payment_behavior: "error_if_incomplete" }), {
    type: "StripeCardError",
    code: "card_declined",
    statusCode: 402,
  });
  await assert.rejects(start({ customer: bare, collection_method: "send_invoice" }), { param: "days_until_due" });
  await assert.rejects(start({ customer: bare, trial_period_days: 731 }), { param: "trial_period_days" });
  assert.equal(await count(), before);
});

Deno.test("Unknown customers, prices and subscriptions are refused with resource_missing wherever they are named", async () => {
  await using s = await startFixture();
  const price = await priceOf(s, "team");
  const missing = {
    code: "resource_missing",
    statusCode: 400,
    message: "No such customer: 'cus_none'",
    param: "customer",
  };
  const customer = "cus_none";
  const line_items = [{ price, quantity: 1 }];
  const refused: (() => Promise<unknown>)[] = [
    () => s.stripe.subscriptions.create({ customer, items: [{ price }] }),
    () => s.stripe.subscriptions.list({ customer }),
    () => s.stripe.invoices.list({ customer }),
    () => s.stripe.checkout.sessions.list({ customer }),
    () =>
      s.stripe.checkout.sessions.create({ mode: "subscription", customer, line_items, success_url: "https://a.test" }),
    () => s.stripe.billingPortal.sessions.create({ customer }),
  ];
  for (const call of refused) await assert.rejects(call(), missing);
  await assert.rejects(s.stripe.customers.retrieve(customer), { code: "resource_missing", statusCode: 404 });
  const { id } = await customerWith(s);
  await assert.rejects(s.stripe.subscriptions.create({ customer: id, items: [{ price: "price_none" }] }), {
    code: "resource_missing",
    param: "items[0][price]",
  });
  await assert.rejects(s.stripe.invoices.list({ subscription: "sub_none" }), { code: "resource_missing" });
  await assert.rejects(s.stripe.subscriptions.list({ price: "price_none" }), { code: "resource_missing" });
  await s.stripe.customers.del(id);
  await assert.rejects(s.stripe.subscriptions.create({ customer: id, items: [{ price }] }), {
    code: "resource_missing",
  });
});

Deno.test("Unknown expansions are refused before the call acts, and those of Stripe's reference are accepted", async () => {
  await using s = await startFixture();
  const { subscriptionId } = await s.checkout({ plan: "team" });
  const retrieve = (...expand: string[]) => s.stripe.subscriptions.retrieve(subscriptionId, { expand });
  for (
    const path of [
      "customer",
      "latest_invoice.customer",
      "items.data.price.product",
      "schedule",
      "latest_invoice.payments",
    ]
  ) await retrieve(path);
  await s.stripe.subscriptions.list({ expand: ["data.latest_invoice.customer"] });
  const refused: [path: string, message: string][] = [
    ["owner", "This property cannot be expanded (owner)."],
    ["items", "This property cannot be expanded (items)."],
    ["customer.name", "This property cannot be expanded (customer.name)."],
    ["latest_invoice.subscription", "This property cannot be expanded (latest_invoice.subscription)."],
    ["latest_invoice.payment_intent", "This property cannot be expanded (latest_invoice.payment_intent)."],
    ["data.customer", "This property cannot be expanded (data.customer)."],
  ];
  for (const [path, message] of refused) {
    await assert.rejects(retrieve(path), { type: "StripeInvalidRequestError", statusCode: 400, message }, path);
  }
  await assert.rejects(s.stripe.subscriptions.list({ expand: ["customer"] }), {
    message: "This property cannot be expanded (customer). You may want to try expanding 'data.customer' instead.",
  });
  await assert.rejects(s.stripe.subscriptions.list({ expand: ["data.items.data.price.product"] }), {
    message: /^You cannot expand more than 4 levels of a property/,
  });
  const before = (await s.stripe.customers.list()).data.length;
  await assert.rejects(s.stripe.customers.create({ expand: ["owner"] }), { statusCode: 400 });
  assert.equal((await s.stripe.customers.list()).data.length, before);
});

Deno.test("A call with the version of 2024 gets that version's shape, also of expanded and listed objects", async () => {
  await using s = await startFixture();
  const { subscriptionId } = await s.checkout({ plan: "team" });
  const old = sdk(s.simulator, { apiVersion: "2024-06-20" });
  // deno-lint-ignore no-explicit-any -- the shape of another version
  const subscription: any = await old.subscriptions.retrieve(subscriptionId, {
    expand: ["latest_invoice.subscription", "latest_invoice.payment_intent"],
  });
  const current = await s.stripe.subscriptions.retrieve(subscriptionId);
  const item = current.items.data[0]!;
  assert.equal(subscription.current_period_end, item.current_period_end);
  assert.equal(subscription.items.data[0].current_period_end, undefined);
  assert.equal(subscription.latest_invoice.paid, true);
  assert.equal(subscription.latest_invoice.parent, undefined);
  assert.equal(subscription.latest_invoice.subscription.id, subscriptionId);
  assert.equal(subscription.latest_invoice.subscription.current_period_start, item.current_period_start);
  assert.equal(subscription.lastResponse.apiVersion, "2024-06-20");
  // deno-lint-ignore no-explicit-any -- the shape of another version
  const [invoice]: any[] = (await old.invoices.list({ subscription: subscriptionId })).data;
  assert.equal(invoice.subscription, subscriptionId);
  assert.equal((current as unknown as { current_period_end?: number }).current_period_end, undefined);
  for (const version of ["2024-13-40", "2024-06-20.acacia", "2024-12-18", "2999-01-01.later", "latest"]) {
    const response = await fetch(`${s.simulator.url}/v1/customers`, {
      headers: { authorization: `Bearer ${s.simulator.secretKey}`, "stripe-version": version },
    });
    assert.equal(response.status, 400, version);
    assert.equal((await response.json()).error.message, `Invalid Stripe API version: ${version}`);
  }
});

Deno.test("A created webhook endpoint gets its events, signed with its own secret and in its version, until it is deleted", async () => {
  await using s = await startFixture({ retryDelaysMs: [20, 20] });
  let secret = "";
  const receiver = new Receiver(() => secret);
  const created = await s.stripe.webhookEndpoints.create({
    url: receiver.url,
    enabled_events: ["customer.subscription.created", "invoice.paid"],
    api_version: "2024-06-20",
    description: "old",
    metadata: { team: "a" },
  });
  secret = created.secret!;
  assert.match(secret, /^whsec_/);
  receiver.answer = (call) => call === 1 ? 500 : 200;
  const { subscriptionId } = await s.checkout({ plan: "team" });
  await eventually("both events, the first after a failure", () => receiver.types.length >= 3);
  assert.deepEqual(new Set(receiver.types), new Set(["customer.subscription.created", "invoice.paid"]));
  assert.deepEqual(receiver.calls.map(({ refusal }) => refusal), [null, null, null]);
  const event = receiver.events.find(({ type }) => type === "customer.subscription.created")!;
  assert.equal(event.api_version, "2024-06-20");
  assert.ok((event.data.object as unknown as { current_period_end: number }).current_period_end > 0);
  await eventually("the simulator's own endpoint to get all events", () => s.receiver.types.includes("invoice.paid"));
  assert.equal(s.receiver.calls.every(({ refusal }) => refusal === null), true);

  const { data } = await s.stripe.webhookEndpoints.list();
  assert.deepEqual(data.map(({ url, secret }) => [url, secret]), [[receiver.url, undefined], [
    s.receiver.url,
    undefined,
  ]]);
  const updated = await s.stripe.webhookEndpoints.update(created.id, { disabled: true, metadata: { team: "" } });
  assert.deepEqual([updated.status, { ...updated.metadata }, updated.secret], ["disabled", {}, undefined]);
  await s.stripe.subscriptions.cancel(subscriptionId);
  await s.stripe.webhookEndpoints.update(created.id, {
    disabled: false,
    enabled_events: ["customer.created"],
    description: "",
  });
  await s.stripe.customers.create({ name: "Ada" });
  await eventually("an event of the new list", () => receiver.types.includes("customer.created"));
  assert.equal(receiver.types.includes("customer.subscription.deleted"), false);
  assert.equal((await s.stripe.webhookEndpoints.retrieve(created.id)).description, null);
  assert.deepEqual({ ...await s.stripe.webhookEndpoints.del(created.id) }, {
    id: created.id,
    object: "webhook_endpoint",
    deleted: true,
  });
  await assert.rejects(s.stripe.webhookEndpoints.retrieve(created.id), { code: "resource_missing", statusCode: 404 });
  await receiver.stop();
});

Deno.test("An invalid webhook endpoint is refused, and the simulator's own is kept", async () => {
  await using s = await startFixture();
  const enabled_events: Stripe.WebhookEndpointCreateParams.EnabledEvent[] = ["*"];
  const { webhookEndpoints } = s.stripe;
  await assert.rejects(webhookEndpoints.create({ url: "not a url", enabled_events }), {
    param: "url",
    statusCode: 400,
  });
  await assert.rejects(webhookEndpoints.create({ url: "https://a.test", enabled_events: [] }), { statusCode: 400 });
  await assert.rejects(
    // deno-lint-ignore no-explicit-any -- an unknown version
    webhookEndpoints.create({ url: "https://a.test", enabled_events, api_version: "2024" as any }),
    { param: "api_version" },
  );
  const [own] = (await webhookEndpoints.list()).data;
  assert.equal((await webhookEndpoints.retrieve(own!.id)).url, s.receiver.url);
  await assert.rejects(webhookEndpoints.del(own!.id), { statusCode: 400 });
  for (let made = 0; made < 16; made++) await webhookEndpoints.create({ url: "http://127.0.0.1:9/", enabled_events });
  await assert.rejects(webhookEndpoints.create({ url: "https://a.test", enabled_events }), {
    message: /maximum of 16/,
  });
});
