import assert from "node:assert/strict";
import Stripe from "stripe";
import { sdk, startFixture } from "../../../tests/support/stripe/simulator-fixture.ts";

Deno.test("The seeded plans are listed by lookup key with their product and number count", async () => {
  await using s = await startFixture();
  const prices = await s.stripe.prices.list({ lookup_keys: ["starter", "team", "scale"], expand: ["data.product"] });
  const plans = prices.data.map((price) => {
    const product = price.product as Stripe.Product;
    return [price.lookup_key, product.name, product.metadata.numbers, price.unit_amount];
  });
  assert.deepEqual(plans.sort(), [
    ["scale", "Scale", "25", 19900],
    ["starter", "Starter", "1", 1500],
    ["team", "Team", "5", 4900],
  ]);
  assert.equal(prices.data[0]!.unit_amount_decimal?.toString(), "19900");
});

Deno.test("A created product and price are listed and retrieved, and emit events", async () => {
  await using s = await startFixture();
  const product = await s.stripe.products.create({ name: "Fax", metadata: { numbers: 2 } });
  const price = await s.stripe.prices.create({
    product: product.id,
    currency: "eur",
    unit_amount: 700,
    recurring: { interval: "year" },
    lookup_key: "fax",
  });
  assert.deepEqual(await s.stripe.products.retrieve(product.id), product);
  assert.deepEqual((await s.stripe.prices.list({ product: product.id })).data, [price]);
  assert.equal((await s.stripe.prices.retrieve(price.id)).recurring?.interval, "year");
  assert.deepEqual((await s.stripe.products.list({ ids: [product.id] })).data, [product]);
  const events = await s.stripe.events.list({ types: ["product.created", "price.created"] });
  assert.deepEqual(events.data.map(({ type }) => type), ["price.created", "product.created"]);
  await assert.rejects(
    s.stripe.prices.create({ product: "prod_none", currency: "eur", unit_amount: 1, recurring: { interval: "day" } }),
    { code: "resource_missing", param: "product", statusCode: 400 },
  );
});

Deno.test("A customer can be created, updated, listed and deleted, and is then returned as deleted", async () => {
  await using s = await startFixture();
  const ada = await s.stripe.customers.create({ email: "ada@example.com", metadata: { user_id: "ada", old: "x" } });
  const updated = await s.stripe.customers.update(ada.id, { name: "Ada", metadata: { old: null, new: "y" } });
  assert.equal(updated.name, "Ada");
  assert.deepEqual({ ...updated.metadata }, { user_id: "ada", new: "y" });
  assert.deepEqual((await s.stripe.customers.list({ email: "ada@example.com" })).data.map(({ id }) => id), [ada.id]);
  assert.equal((await s.stripe.customers.list({ email: "bob@example.com" })).data.length, 0);

  const deleted = await s.stripe.customers.del(ada.id);
  assert.deepEqual({ ...deleted }, { id: ada.id, object: "customer", deleted: true });
  assert.equal((await s.stripe.customers.retrieve(ada.id)).deleted, true);
  await assert.rejects(s.stripe.customers.update(ada.id, { name: "Bob" }), {
    code: "resource_missing",
    statusCode: 404,
  });
  const events = await s.stripe.events.list({ type: "customer.*" });
  assert.deepEqual(events.data.map(({ type }) => type), ["customer.deleted", "customer.updated", "customer.created"]);
  const update = events.data[1]!.data as { previous_attributes?: unknown };
  assert.deepEqual(update.previous_attributes, { name: null, metadata: { old: "x", new: null } });
});

Deno.test("Only subscription_data of a checkout session is copied to the subscription, not its metadata", async () => {
  await using s = await startFixture();
  const [price] = (await s.stripe.prices.list({ lookup_keys: ["team"] })).data;
  const session = await s.stripe.checkout.sessions.create({
    mode: "subscription",
    client_reference_id: "ada",
    line_items: [{ price: price!.id, quantity: 2 }],
    metadata: { stays: "here" },
    subscription_data: { metadata: { user_id: "ada" }, trial_period_days: 7 },
    success_url: "https://app.example.com/done?session={CHECKOUT_SESSION_ID}",
    cancel_url: "https://app.example.com/plans",
    expand: ["line_items"],
  });
  assert.equal(session.status, "open");
  assert.equal(session.url, `${s.simulator.url}/checkout/${session.id}`);
  assert.equal(session.line_items?.data[0]?.quantity, 2);

  const form = new URLSearchParams({ session: session.id, plan: "team", email: "ada@example.com", pay: "now" });
  const posted = await fetch(`${s.simulator.url}/checkout`, { method: "POST", body: form, redirect: "manual" });
  await posted.body?.cancel();
  assert.equal(posted.status, 303);
  assert.equal(posted.headers.get("location"), `https://app.example.com/done?session=${session.id}`);

  const done = await s.stripe.checkout.sessions.retrieve(session.id, { expand: ["subscription", "customer"] });
  const subscription = done.subscription as Stripe.Subscription;
  assert.equal(done.status, "complete");
  assert.equal(done.payment_status, "no_payment_required");
  assert.equal(done.client_reference_id, "ada");
  assert.equal((done.customer as Stripe.Customer).email, "ada@example.com");
  assert.deepEqual({ ...subscription.metadata }, { user_id: "ada" });
  assert.equal(subscription.status, "trialing");
  assert.equal(subscription.trial_end! - subscription.trial_start!, 7 * 86_400);
  assert.equal(subscription.items.data[0]?.quantity, 2);
  const lines = await s.stripe.checkout.sessions.listLineItems(session.id);
  assert.equal(lines.data[0]?.price?.id, price!.id);
});

Deno.test("An open session can be expired once, and then cannot be paid", async () => {
  await using s = await startFixture();
  const session = await s.stripe.checkout.sessions.create({
    mode: "subscription",
    line_items: [{ price: "price_SimStarterMonthly", quantity: 1 }],
  });
  assert.equal((await s.stripe.checkout.sessions.expire(session.id)).status, "expired");
  await assert.rejects(s.stripe.checkout.sessions.expire(session.id), { statusCode: 400 });
  const form = new URLSearchParams({ session: session.id, plan: "starter", email: "ada@example.com", pay: "now" });
  const posted = await fetch(`${s.simulator.url}/checkout`, { method: "POST", body: form, redirect: "manual" });
  await posted.body?.cancel();
  assert.equal(posted.status, 400);
  assert.equal((await s.stripe.subscriptions.list()).data.length, 0);
  assert.deepEqual((await s.stripe.checkout.sessions.list({ status: "expired" })).data.map(({ id }) => id), [
    session.id,
  ]);
});

Deno.test("Subscriptions are listed by customer and status, canceled ones only on request", async () => {
  await using s = await startFixture();
  const ada = await s.checkout();
  const bob = await s.checkout({ clientReferenceId: "bob", trial: true });
  await s.stripe.subscriptions.cancel(bob.subscriptionId);
  const ids = async (params: Stripe.SubscriptionListParams) =>
    (await s.stripe.subscriptions.list(params)).data.map(({ id }) => id);
  assert.deepEqual(await ids({}), [ada.subscriptionId]);
  assert.deepEqual(await ids({ status: "all" }), [bob.subscriptionId, ada.subscriptionId]);
  assert.deepEqual(await ids({ status: "canceled" }), [bob.subscriptionId]);
  assert.deepEqual(await ids({ customer: ada.customerId }), [ada.subscriptionId]);
  assert.deepEqual(await ids({ price: "price_SimTeamMonthly" }), []);
  const missing = { code: "resource_missing", param: "customer", statusCode: 400 };
  await assert.rejects(s.stripe.subscriptions.list({ customer: "cus_none" }), missing);
  await assert.rejects(s.stripe.subscriptions.cancel(bob.subscriptionId), { code: "resource_missing" });
  await assert.rejects(s.stripe.subscriptions.update(bob.subscriptionId, { cancel_at_period_end: true }), {
    message: /A canceled subscription can only update/,
  });
});

Deno.test("An update changes the plan, metadata, collection and cancellation of a subscription", async () => {
  await using s = await startFixture();
  const { subscriptionId } = await s.checkout();
  const { stripe } = s;
  const before = await stripe.subscriptions.retrieve(subscriptionId);
  const item = before.items.data[0]!;
  const moved = await stripe.subscriptions.update(subscriptionId, {
    items: [{ id: item.id, price: "price_SimScaleMonthly" }],
    metadata: { user_id: "ada" },
    proration_behavior: "none",
  });
  assert.equal(moved.items.data[0]?.price.lookup_key, "scale");
  assert.equal(moved.items.data[0]?.plan.id, "price_SimScaleMonthly");
  assert.equal(moved.metadata.user_id, "ada");

  const ending = await stripe.subscriptions.update(subscriptionId, { cancel_at_period_end: true });
  assert.equal(ending.cancel_at, item.current_period_end);
  assert.equal(ending.status, "active");
  const kept = await stripe.subscriptions.update(subscriptionId, { cancel_at_period_end: false });
  assert.deepEqual([kept.cancel_at, kept.canceled_at], [null, null]);
  const at = item.current_period_start + 3 * 86_400;
  const leaving = await stripe.subscriptions.update(subscriptionId, { cancel_at: at });
  assert.deepEqual([leaving.cancel_at, leaving.cancel_at_period_end, leaving.ended_at], [at, false, null]);
  assert.equal((await stripe.subscriptions.update(subscriptionId, { cancel_at: "" })).cancel_at, null);
  await assert.rejects(stripe.subscriptions.update(subscriptionId, { cancel_at: item.created - 1 }), {
    param: "cancel_at",
  });
  await assert.rejects(stripe.subscriptions.update(subscriptionId, { cancel_at: at, cancel_at_period_end: true }), {
    param: "cancel_at",
  });

  const silent = await stripe.subscriptions.update(subscriptionId, { pause_collection: { behavior: "void" } });
  assert.equal(silent.pause_collection?.behavior, "void");
  assert.equal(silent.status, "active");
  assert.equal((await stripe.subscriptions.update(subscriptionId, { pause_collection: "" })).pause_collection, null);
  const types = (await stripe.events.list({ type: "customer.subscription.*" })).data.map(({ type }) => type);
  assert.equal(types.filter((type) => type === "customer.subscription.updated").length, 8);
  assert.equal(types.length, 9);
});

Deno.test("A subscription contains its first 20 items, and its list of items has all of them, in order", async () => {
  await using s = await startFixture();
  const { subscriptionId: subscription } = await s.checkout();
  const { stripe } = s;
  for (let n = 0; n < 19; n++) await stripe.subscriptionItems.create({ subscription, price: "price_SimTeamMonthly" });
  await assert.rejects(
    stripe.subscriptions.update(subscription, {
      items: [{ price: "price_SimTeamMonthly" }, { price: "price_SimScaleMonthly" }],
    }),
    { code: "too_many_items" },
  );
  await s.control("/_sim/account", { mostItems: 22 });
  await stripe.subscriptionItems.create({ subscription, price: "price_SimTeamMonthly" });
  await stripe.subscriptionItems.create({ subscription, price: "price_SimScaleMonthly" });
  const { items } = await stripe.subscriptions.retrieve(subscription);
  assert.deepEqual([items.data.length, items.has_more], [20, true]);
  assert.equal((await stripe.subscriptions.list()).data[0]!.items.data.length, 20);
  const all = await stripe.subscriptionItems.list({ subscription, limit: 10 }).autoPagingToArray({ limit: 100 });
  assert.deepEqual(
    [all.length, all[0]!.price.lookup_key, all[21]!.price.lookup_key],
    [22, "starter", "scale"],
  );
  await s.act(subscription, "renew");
  const renewed = await stripe.subscriptions.retrieve(subscription, { expand: ["latest_invoice"] });
  const invoice = renewed.latest_invoice as Stripe.Invoice;
  assert.deepEqual([invoice.lines.data.length, invoice.lines.has_more], [10, true]);
  const lines = await stripe.invoices.listLineItems(invoice.id, { limit: 8 }).autoPagingToArray({ limit: 100 });
  assert.deepEqual([lines.length, invoice.total], [22, 1500 + 20 * 4900 + 19900]);
  const ids = (of: Stripe.InvoiceLineItem[]) => of.map(({ id }) => id);
  assert.deepEqual(ids(lines.slice(0, 10)), ids(invoice.lines.data));
  assert.equal(new Set(renewed.items.data.map(({ current_period_end: end }) => end)).size, 1);
});

Deno.test("Pausing a subscription sets the status to paused, and resuming it to active", async () => {
  await using s = await startFixture();
  const { subscriptionId } = await s.checkout();
  const paused = await s.stripe.subscriptions.pause(subscriptionId);
  assert.equal(paused.status, "paused");
  assert.equal(paused.status_details?.paused.subscription.type, "pause_requested");
  await assert.rejects(s.stripe.subscriptions.pause(subscriptionId), { statusCode: 400 });
  const resumed = await s.stripe.subscriptions.resume(subscriptionId, { billing_cycle_anchor: { type: "now" } });
  assert.equal(resumed.status, "active");
  assert.equal(resumed.status_details, undefined);
  await assert.rejects(s.stripe.subscriptions.resume(subscriptionId), { statusCode: 400 });
});

Deno.test("An open invoice can be paid once, with a working card", async () => {
  await using s = await startFixture();
  const { subscriptionId } = await s.checkout({ payment: "fails_later" });
  await s.act(subscriptionId, "renew");
  const [open] = (await s.stripe.invoices.list({ subscription: subscriptionId, status: "open" })).data;
  assert.equal(open?.attempt_count, 1);
  await assert.rejects(s.stripe.invoices.pay(open!.id), { code: "card_declined", statusCode: 402 });
  assert.equal((await s.stripe.invoices.retrieve(open!.id)).attempt_count, 2);

  const paid = await s.stripe.invoices.pay(open!.id, { payment_method: "pm_card_visa" });
  assert.deepEqual([paid.status, paid.amount_paid, paid.amount_remaining], ["paid", 1500, 0]);
  assert.equal((await s.stripe.subscriptions.retrieve(subscriptionId)).status, "active");
  await assert.rejects(s.stripe.invoices.pay(open!.id), { code: "invoice_already_paid" });
});

Deno.test("Paging a list forwards and backwards skips and repeats no item", async () => {
  await using s = await startFixture();
  const created: string[] = [];
  for (let n = 0; n < 7; n++) created.unshift((await s.stripe.customers.create({ name: `c${n}` })).id);
  const first = await s.stripe.customers.list({ limit: 3 });
  assert.deepEqual([first.data.map(({ id }) => id), first.has_more], [created.slice(0, 3), true]);
  const last = await s.stripe.customers.list({ limit: 4, starting_after: created[2]! });
  assert.deepEqual([last.data.map(({ id }) => id), last.has_more], [created.slice(3), false]);
  const back = await s.stripe.customers.list({ limit: 2, ending_before: created[4]! });
  assert.deepEqual([back.data.map(({ id }) => id), back.has_more], [created.slice(2, 4), true]);
  const all = await s.stripe.customers.list({ limit: 2 }).autoPagingToArray({ limit: 100 });
  assert.deepEqual(all.map(({ id }) => id), created);
  await assert.rejects(s.stripe.customers.list({ starting_after: "cus_none" }), { param: "starting_after" });
  await assert.rejects(s.stripe.customers.list({ limit: 101 }), { param: "limit" });
});

Deno.test("Paging continues after a cursor that no longer matches the filter", async () => {
  await using s = await startFixture();
  await s.control("/_sim/faults", { deliveries: "dropped" });
  const { eventIds } = await s.checkout();
  const newestFirst = eventIds.toReversed();
  const { data: [first] } = await s.stripe.events.list({ delivery_success: false, limit: 1 });
  await s.control("/_sim/deliver", { eventId: first!.id });
  const rest = await s.stripe.events.list({ delivery_success: false, limit: 100, starting_after: first!.id });
  assert.deepEqual([first, ...rest.data].map((event) => event!.id), newestFirst);
});

Deno.test("events are filtered by type and creation time, and name the request that caused them", async () => {
  await using s = await startFixture();
  const { lastResponse, id } = await s.stripe.customers.create({ name: "Ada" }, { idempotencyKey: "key-1" });
  const [event] = (await s.stripe.events.list({ type: "customer.created" })).data;
  assert.deepEqual({ ...event!.request }, { id: lastResponse.requestId, idempotency_key: "key-1" });
  assert.equal((event!.data.object as Stripe.Customer).id, id);
  assert.equal(event!.api_version, Stripe.API_VERSION);
  assert.equal((await s.stripe.events.retrieve(event!.id)).id, event!.id);
  const { created } = event!;
  assert.equal((await s.stripe.events.list({ created: { gt: created } })).data.length, 0);
  assert.equal((await s.stripe.events.list({ created: { gte: created, lte: created } })).data.length, 1);
  await assert.rejects(s.stripe.events.retrieve("evt_none"), { code: "resource_missing", statusCode: 404 });
});

Deno.test("The webhook endpoint is listed without its secret", async () => {
  await using s = await startFixture();
  const [endpoint] = (await s.stripe.webhookEndpoints.list()).data;
  assert.equal(endpoint?.url, s.receiver.url);
  assert.equal(endpoint?.secret, undefined);
});

Deno.test("A call with a missing or wrong key answers 401, and the message masks the wrong key", async () => {
  await using s = await startFixture();
  const foreign = sdk(s.simulator, { secretKey: "sk_test_aDifferentKey1234" });
  await assert.rejects(foreign.customers.list(), (error: Stripe.errors.StripeError) => {
    assert.equal(error.type, "StripeAuthenticationError");
    assert.match(error.message, /^Invalid API Key provided: sk_test_\*+1234$/);
    return true;
  });
  const bare = await fetch(`${s.simulator.url}/v1/customers`);
  assert.equal(bare.status, 401);
  assert.match((await bare.json()).error.message, /You did not provide an API key/);
  const basic = await fetch(`${s.simulator.url}/v1/customers`, {
    headers: { authorization: `Basic ${btoa(`${s.simulator.secretKey}:`)}` },
  });
  assert.equal(basic.status, 200);
  assert.match(basic.headers.get("request-id") ?? "", /^req_/);
  await basic.body?.cancel();
});

Deno.test("Unknown, missing and malformed parameters answer 400 with the parameter and Stripe's code", async () => {
  await using s = await startFixture();
  const post = async (path: string, form: string) => {
    const response = await fetch(s.simulator.url + path, {
      method: "POST",
      headers: { authorization: `Bearer ${s.simulator.secretKey}` },
      body: new URLSearchParams(form),
    });
    return [response.status, (await response.json()).error];
  };
  assert.deepEqual(await post("/v1/customers", "emial=x"), [400, {
    type: "invalid_request_error",
    code: "parameter_unknown",
    message: "Received unknown parameter: emial",
    param: "emial",
  }]);
  const [, missing] = await post("/v1/checkout/sessions", "mode=subscription");
  assert.deepEqual([missing.code, missing.param], ["parameter_missing", "line_items"]);
  const nested = "mode=subscription&line_items[0][price]=price_SimStarterMonthly&line_items[0][quantity]=two";
  const [, malformed] = await post("/v1/checkout/sessions", nested);
  assert.deepEqual([malformed.code, malformed.param], ["parameter_invalid_integer", "line_items[0][quantity]"]);
  const [status, unknown] = await post("/v1/charges", "amount=1");
  assert.deepEqual([status, unknown.message], [404, "Unrecognized request URL (POST: /v1/charges)."]);
});

Deno.test("A repeated idempotency key returns the saved response, and fails for another request", async () => {
  await using s = await startFixture();
  const once = await s.stripe.customers.create({ name: "Ada" }, { idempotencyKey: "ada" });
  const again = await s.stripe.customers.create({ name: "Ada" }, { idempotencyKey: "ada" });
  assert.equal(again.id, once.id);
  assert.notEqual(again.lastResponse.requestId, once.lastResponse.requestId);
  assert.equal((await s.stripe.customers.list()).data.length, 1);
  await assert.rejects(s.stripe.customers.create({ name: "Bob" }, { idempotencyKey: "ada" }), {
    type: "StripeIdempotencyError",
  });
});

Deno.test("An idempotency key of a running request answers 409", async () => {
  await using s = await startFixture();
  const usage = { event_name: "sms", payload: { stripe_customer_id: "cus_1", value: "1" }, identifier: "u1" };
  const calls = await Promise.allSettled(
    [1, 2].map(() => s.stripe.billing.meterEvents.create(usage, { idempotencyKey: "usage-1" })),
  );
  const rejected = calls.flatMap((call) => call.status === "rejected" ? [call.reason.statusCode] : []);
  assert.deepEqual(rejected, [409]);
});
