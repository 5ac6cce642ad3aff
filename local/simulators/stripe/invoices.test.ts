import assert from "node:assert/strict";
import fc from "fast-check";
import Stripe from "stripe";
import {
  APRIL,
  type BillingFixture,
  DAY,
  FEBRUARY,
  HOUR,
  JANUARY,
  MARCH,
  startBilling,
} from "../../../tests/support/stripe/billing-fixture.ts";
import { amountOf } from "./objects/amounts.ts";

const Decimal = Stripe.Decimal;

/** The lines of an invoice: what each bills, its quantity and its amount. */
const linesOf = (invoice: Stripe.Invoice) =>
  invoice.lines.data.map((line) => [
    line.parent?.type === "invoice_item_details" ? "item" : line.quantity_decimal?.toString(),
    line.amount,
  ]);
const typesSince = async (s: BillingFixture, since: number) =>
  (await s.stripe.events.list({ created: { gte: since }, limit: 100 })).data.map(({ type }) => type).reverse();
const meteredItem = (subscription: Stripe.Subscription) =>
  subscription.items.data.find(({ price }) => price.recurring?.usage_type === "metered")!;
const flatItem = (subscription: Stripe.Subscription) =>
  subscription.items.data.find(({ price }) => price.recurring?.usage_type === "licensed")!;

Deno.test("A metered price has 12 decimal places, a meter, a tax behavior, and a lookup key that can be transferred", async () => {
  await using s = await startBilling();
  const { stripe, metered, meter } = s;
  assert.deepEqual(
    [metered.unit_amount, metered.unit_amount_decimal?.toString(), metered.tax_behavior, metered.recurring?.meter],
    [null, "0.01", "exclusive", meter.id],
  );
  const product = await stripe.products.retrieve(metered.product as string);
  assert.equal(product.tax_code, "txcd_10000000");
  const fine = await s.meteredPrice({ unit_amount_decimal: Decimal.from("0.000000000001") });
  assert.equal(fine.unit_amount_decimal?.toString(), "0.000000000001");
  await assert.rejects(s.meteredPrice({ unit_amount_decimal: Decimal.from("0.0000000000001") }), {
    param: "unit_amount_decimal",
  });
  await assert.rejects(s.meteredPrice({ recurring: { interval: "month", usage_type: "metered" } }), {
    param: "recurring[meter]",
  });
  const lookup_key = "switchboard_sms_out_eur";
  await assert.rejects(s.meteredPrice({ lookup_key }), { code: "resource_already_exists" });
  const second = await s.meteredPrice({ lookup_key, transfer_lookup_key: true });
  assert.deepEqual((await stripe.prices.list({ lookup_keys: [lookup_key] })).data.map(({ id }) => id), [second.id]);
  assert.equal((await stripe.prices.retrieve(metered.id)).lookup_key, null);
  // A metered price is no plan: the checkout page does not offer it.
  const plans = (await s.control("/_sim/plans")).answer as { plans: Stripe.Price[] };
  assert.ok(plans.plans.every(({ id }) => id !== second.id));
});

Deno.test("An amount is quantity × unit amount, rounded half away from zero, for all decimals", () => {
  assert.deepEqual(
    [amountOf("150", "0.01"), amountOf("149", "0.01"), amountOf("50", "0.01"), amountOf("-50", "0.01")],
    [2, 1, 1, -1],
  );
  const decimals = fc.tuple(fc.bigInt(-(10n ** 14n), 10n ** 14n), fc.integer({ min: 0, max: 12 }));
  const text = ([digits, places]: [bigint, number]) => {
    const size = (digits < 0n ? -digits : digits).toString().padStart(places + 1, "0");
    const [whole, fraction] = [size.slice(0, size.length - places), size.slice(size.length - places)];
    return `${digits < 0n ? "-" : ""}${whole}${places > 0 ? `.${fraction}` : ""}`;
  };
  fc.assert(fc.property(decimals, decimals, (a, b) => {
    const exact = Decimal.from(text(a)).mul(Decimal.from(text(b)));
    const rounded = exact.round("half-up", { mode: "decimal-places", value: 0 });
    return amountOf(text(a), text(b)) === Number(rounded.toString());
  }));
});

Deno.test("A subscription with a flat and a metered item starts with an invoice of the flat price, final at once", async () => {
  await using s = await startBilling();
  const subscription = await s.subscribe({ expand: ["latest_invoice"] });
  const first = subscription.latest_invoice as Stripe.Invoice;
  assert.deepEqual([first.status, first.total, linesOf(first)], ["paid", 4900, [["1", 4900]]]);
  const item = meteredItem(subscription);
  assert.deepEqual(
    [item.quantity, item.current_period_start, item.current_period_end],
    [undefined, JANUARY, FEBRUARY],
  );
  await assert.rejects(s.subscribe({ items: [{ price: s.flat.id }, { price: s.metered.id, quantity: 2 }] }), {
    param: "items[1][quantity]",
  });
  const yearly = await s.meteredPrice({ recurring: { interval: "year", usage_type: "metered", meter: s.meter.id } });
  await assert.rejects(s.subscribe({ items: [{ price: s.flat.id }, { price: yearly.id }] }), /recurring.interval/);
  const classic = await s.subscribe({ billing_mode: { type: "classic" }, expand: ["latest_invoice"] });
  assert.deepEqual(linesOf(classic.latest_invoice as Stripe.Invoice), [["0", 0], ["1", 4900]]);
  const usageOnly = await s.subscribe({ items: [{ price: s.metered.id }] });
  assert.equal(usageOnly.latest_invoice, null);
});

Deno.test("A checkout session with several prices takes no quantity for the metered one and subscribes to all", async () => {
  await using s = await startBilling();
  const session = await s.stripe.checkout.sessions.create({
    mode: "subscription",
    client_reference_id: "ada",
    line_items: [{ price: s.flat.id, quantity: 1 }, { price: s.metered.id }],
    success_url: "https://app.example.com/done",
    expand: ["line_items"],
  });
  assert.deepEqual(session.line_items?.data.map(({ quantity, amount_total }) => [quantity, amount_total]), [
    [1, 4900],
    [null, 0],
  ]);
  assert.equal(session.amount_total, 4900);
  await assert.rejects(
    s.stripe.checkout.sessions.create({ mode: "subscription", line_items: [{ price: s.metered.id, quantity: 1 }] }),
    { param: "line_items[0][quantity]" },
  );
  const order = new URLSearchParams({ session: session.id, plan: s.flat.id, email: "ada@example.com", pay: "now" });
  const bought = await fetch(`${s.simulator.url}/checkout`, { method: "POST", body: order, redirect: "manual" });
  await bought.body?.cancel();
  assert.equal(bought.status, 303);
  const { subscription } = await s.stripe.checkout.sessions.retrieve(session.id, { expand: ["subscription"] });
  const { items } = subscription as Stripe.Subscription;
  assert.deepEqual(items.data.map(({ price }) => price.id), [s.flat.id, s.metered.id]);
  const customer = (subscription as Stripe.Subscription).customer as string;
  const portal = await s.stripe.billingPortal.sessions.create({ customer });
  const page = await (await fetch(portal.url)).text();
  assert.ok(page.includes("Cancel subscription") && !page.includes("Switch to"), "the portal offers another plan");
  const change = new URLSearchParams({
    change: "switch",
    subscription: (subscription as Stripe.Subscription).id,
    price: "price_SimTeamMonthly",
  });
  const refused = await fetch(portal.url, { method: "POST", body: change });
  assert.equal(refused.status, 400);
  assert.match(await refused.text(), /several prices or a metered one/);
});

Deno.test("A period end drafts the old period's usage and the new flat price, which is final and paid an hour later", async () => {
  await using s = await startBilling();
  const { id } = await s.subscribe();
  await s.use(12_345, JANUARY + 5);
  await s.at(JANUARY + 10 * DAY);
  await s.use(5);
  await s.at(FEBRUARY);
  const [, draft] = await s.invoices();
  assert.deepEqual([draft!.status, draft!.created, draft!.automatically_finalizes_at], [
    "draft",
    FEBRUARY,
    FEBRUARY + HOUR,
  ]);
  assert.deepEqual([draft!.period_start, draft!.period_end], [JANUARY, FEBRUARY]);
  assert.deepEqual(linesOf(draft!), [["12350", 124], ["1", 4900]]);
  assert.deepEqual(draft!.lines.data.map(({ period }) => [period.start, period.end]), [[JANUARY, FEBRUARY], [
    FEBRUARY,
    MARCH,
  ]]);
  assert.equal(draft!.lines.data[0]!.pricing?.unit_amount_decimal?.toString(), "0.01");
  assert.deepEqual(await typesSince(s, FEBRUARY), ["customer.subscription.updated", "invoice.created"]);

  // In the grace period, usage of the closed period still counts.
  await s.at(FEBRUARY + HOUR - 1);
  await s.use(50, FEBRUARY - 1);
  await s.use(1000);
  assert.deepEqual(linesOf(await s.stripe.invoices.retrieve(draft!.id)), [["12400", 124], ["1", 4900]]);
  await s.at(FEBRUARY + HOUR);
  const final = await s.stripe.invoices.retrieve(draft!.id);
  assert.deepEqual([final.status, final.total, final.automatically_finalizes_at], ["paid", 5024, null]);
  assert.deepEqual(await typesSince(s, FEBRUARY + HOUR), [
    "invoice.finalized",
    "invoice.updated",
    "invoice.paid",
    "invoice.payment_succeeded",
  ]);

  // Later usage of the closed period is on no invoice.
  await s.use(7000, FEBRUARY - 1);
  await s.at(MARCH + HOUR);
  const all = await s.invoices();
  assert.deepEqual(all.map(({ total }) => total), [4900, 5024, 4910]);
  assert.deepEqual(linesOf(all[2]!), [["1000", 10], ["1", 4900]]);
  assert.equal((await s.stripe.subscriptions.retrieve(id)).status, "active");
});

Deno.test("The account's grace period delays invoices with usage only, and a long advance has the result of short ones", async () => {
  await using s = await startBilling();
  await s.control("/_sim/account", { gracePeriodSeconds: 72 * HOUR });
  assert.equal((await s.control("/_sim/account", { gracePeriodSeconds: 73 * HOUR })).status, 400);
  await s.subscribe();
  await s.subscribe({ items: [{ price: s.flat.id }] });
  await s.use(100);
  await s.at(MARCH + 73 * HOUR);
  const finals = (await s.invoices()).map((
    { created, status_transitions: { finalized_at: at } },
  ) => [created, (at! - created) / HOUR]);
  assert.deepEqual(finals, [
    [JANUARY, 0],
    [JANUARY, 0],
    [FEBRUARY, 72],
    [FEBRUARY, 1],
    [MARCH, 72],
    [MARCH, 1],
  ]);
});

Deno.test("Usage below zero is billed as zero, and the rest is lost", async () => {
  await using s = await startBilling();
  await s.subscribe();
  await s.use(-500);
  await s.at(FEBRUARY + HOUR);
  await s.use(300);
  await s.at(MARCH + HOUR);
  assert.deepEqual((await s.invoices()).slice(1).map(linesOf), [
    [["0", 0], ["1", 4900]],
    [["300", 3], ["1", 4900]],
  ]);
});

Deno.test("auto_advance and automatically_finalizes_at decide when a draft is final, and whether usage counts until then", async () => {
  for (const usageInRescheduledDrafts of ["counts", "ends_with_grace"]) {
    await using s = await startBilling();
    await s.control("/_sim/account", { usageInRescheduledDrafts });
    await s.subscribe();
    await s.at(FEBRUARY);
    const id = (await s.invoices())[1]!.id;
    await s.stripe.invoices.update(id, { automatically_finalizes_at: FEBRUARY + 5 * DAY, metadata: { kept: "yes" } });
    await s.at(FEBRUARY + 2 * DAY);
    await s.use(2000, FEBRUARY - 1);
    const stopped = await s.stripe.invoices.update(id, { auto_advance: false });
    assert.equal(stopped.automatically_finalizes_at, null);
    await s.at(FEBRUARY + 20 * DAY);
    assert.equal((await s.stripe.invoices.retrieve(id)).status, "draft");
    const final = await s.stripe.invoices.finalizeInvoice(id);
    const usage = usageInRescheduledDrafts === "counts" ? 20 : 0;
    assert.deepEqual([final.status, final.total, final.metadata?.kept], ["open", 4900 + usage, "yes"]);
    assert.equal((await s.stripe.invoices.pay(id)).status, "paid");
  }
});

Deno.test("The usage of a trial is listed at zero, and the end of the trial is the end of a period", async () => {
  await using s = await startBilling();
  const { id } = await s.subscribe({ trial_period_days: 7 });
  await s.use(900);
  await s.at(JANUARY + 7 * DAY + HOUR);
  const [first, second] = await s.invoices();
  assert.deepEqual([first!.total, linesOf(second!)], [0, [["900", 0], ["1", 4900]]]);
  assert.match(second!.lines.data[0]!.description!, /\(Free trial\)$/);
  const subscription = await s.stripe.subscriptions.retrieve(id);
  assert.deepEqual(
    [subscription.status, meteredItem(subscription).current_period_start],
    ["active", JANUARY + 7 * DAY],
  );
  const canceled = await s.subscribe({ trial_period_days: 7 });
  await s.use(900);
  await s.stripe.subscriptions.cancel(canceled.id, { invoice_now: true });
  assert.deepEqual(linesOf((await s.invoices()).at(-1)!), [["900", 0]]);
});

Deno.test("A metered item that is added in mid-cycle counts from then on", async () => {
  await using s = await startBilling();
  const { id: subscription } = await s.subscribe({ items: [{ price: s.flat.id }] });
  await s.use(100);
  await s.at(JANUARY + 15 * DAY);
  const item = await s.stripe.subscriptionItems.create({
    subscription,
    price: s.metered.id,
    metadata: { kind: "sms" },
  });
  assert.deepEqual([item.quantity, item.metadata.kind], [undefined, "sms"]);
  await s.use(200);
  await s.at(FEBRUARY + HOUR);
  assert.deepEqual(linesOf((await s.invoices())[1]!), [["200", 2], ["1", 4900]]);
});

for (const type of ["flexible", "classic"] as const) {
  Deno.test(`Changing and removing a metered item in mid-cycle bills the usage so far in flexible mode only: ${type}`, async () => {
    await using s = await startBilling();
    const subscription = await s.subscribe({ billing_mode: { type } });
    const item = meteredItem(subscription).id;
    await s.use(1000);
    await s.at(JANUARY + 10 * DAY);
    const dearer = await s.meteredPrice({ unit_amount_decimal: Decimal.from("0.02") });
    await s.stripe.subscriptions.update(subscription.id, { items: [{ id: item, price: dearer.id }] });
    // A later report has the price that is then in force, with any timestamp, in flexible mode only.
    await s.use(500, JANUARY + 9 * DAY);
    await s.use(2000);
    await s.at(JANUARY + 20 * DAY);
    await s.stripe.subscriptionItems.del(item);
    await s.use(4000);
    await s.at(FEBRUARY + HOUR);
    const pending = (await s.stripe.invoiceItems.list({ customer: s.customer })).data.map(({ amount }) => amount);
    assert.deepEqual(pending, type === "flexible" ? [50, 10] : []);
    const billed = linesOf((await s.invoices())[1]!);
    assert.deepEqual(billed, type === "flexible" ? [["item", 50], ["item", 10], ["1", 4900]] : [["1", 4900]]);
  });
}

Deno.test("Removing a metered item without prorations loses its usage, and always_invoice bills it at once", async () => {
  await using s = await startBilling();
  const lost = await s.subscribe();
  await s.use(1000);
  await s.stripe.subscriptionItems.del(meteredItem(lost).id, { proration_behavior: "none" });
  await s.at(JANUARY + DAY);
  assert.deepEqual((await s.stripe.invoiceItems.list({ customer: s.customer })).data, []);
  const billed = await s.subscribe();
  await s.use(3000);
  await assert.rejects(s.stripe.subscriptionItems.del(flatItem(billed).id, { clear_usage: true }), {
    param: "clear_usage",
  });
  await s.stripe.subscriptionItems.del(meteredItem(billed).id, { proration_behavior: "always_invoice" });
  const last = (await s.invoices()).at(-1)!;
  assert.deepEqual([last.status, last.billing_reason, last.total], ["paid", "subscription_update", 30]);
  await assert.rejects(s.stripe.subscriptionItems.del(flatItem(billed).id), /at least one/);
});

Deno.test("A plan change swaps the flat item and leaves the usage and the period", async () => {
  await using s = await startBilling();
  const subscription = await s.subscribe();
  await s.use(700);
  const dear = await s.stripe.prices.create({
    product: s.flat.product as string,
    currency: "eur",
    unit_amount: 9900,
    recurring: { interval: "month" },
  });
  const changed = await s.stripe.subscriptions.update(subscription.id, {
    items: [{ id: flatItem(subscription).id, price: dear.id }],
  });
  assert.deepEqual(
    [flatItem(changed).price.id, flatItem(changed).current_period_end, changed.billing_cycle_anchor],
    [dear.id, FEBRUARY, JANUARY],
  );
  await s.at(FEBRUARY + HOUR);
  assert.deepEqual(linesOf((await s.invoices())[1]!), [["700", 7], ["1", 9900]]);
});

Deno.test("A period that is restarted by billing_cycle_anchor has no grace period", async () => {
  await using s = await startBilling();
  const { id } = await s.subscribe();
  await s.use(700);
  await s.at(JANUARY + 10 * DAY);
  await s.stripe.subscriptions.update(id, { billing_cycle_anchor: { type: "now" } });
  const last = (await s.invoices()).at(-1)!;
  assert.deepEqual([last.status, linesOf(last)], ["paid", [["700", 7], ["1", 4900]]]);
});

Deno.test("Canceling loses the usage unless invoice_now asks for a last invoice", async () => {
  await using s = await startBilling();
  const lost = await s.subscribe();
  await s.use(1000);
  await s.stripe.subscriptions.cancel(lost.id);
  assert.equal((await s.invoices()).length, 1);
  await s.at(JANUARY + DAY);
  const billed = await s.subscribe();
  await s.use(2000);
  await s.at(JANUARY + 2 * DAY);
  const canceled = await s.stripe.subscriptions.cancel(billed.id, { invoice_now: true, expand: ["latest_invoice"] });
  const last = canceled.latest_invoice as Stripe.Invoice;
  assert.deepEqual([canceled.status, last.status, last.auto_advance, linesOf(last)], [
    "canceled",
    "draft",
    false,
    [["2000", 20]],
  ]);
  assert.deepEqual(await typesSince(s, JANUARY + 2 * DAY), ["customer.subscription.deleted", "invoice.created"]);
  await s.at(MARCH);
  assert.equal((await s.stripe.invoices.retrieve(last.id)).status, "draft");
  await s.stripe.invoices.update(last.id, { auto_advance: true });
  await s.at(MARCH + HOUR);
  assert.equal((await s.stripe.invoices.retrieve(last.id)).status, "paid");
});

Deno.test("An account can advance the last draft of an ended subscription by itself", async () => {
  await using s = await startBilling();
  await s.control("/_sim/account", { draftsOfEnded: "advance" });
  const { id } = await s.subscribe();
  await s.use(2000);
  const { answer } = await s.control(`/_sim/subscriptions/${id}`, {
    action: "cancel",
    invoiceNow: true,
    prorate: true,
  });
  assert.equal((answer.subscription as Stripe.Subscription).status, "canceled");
  await s.at(JANUARY + HOUR);
  const last = (await s.invoices())[1]!;
  // The flat price is credited for the whole month, so that nothing is due and the customer has a credit.
  assert.deepEqual([last.status, linesOf(last), last.ending_balance], ["paid", [["item", -4900], ["2000", 20]], -4880]);
});

for (const way of ["cancel_at_period_end", "portal"]) {
  Deno.test(`A subscription that ends with its period has a last invoice of its usage: ${way}`, async () => {
    await using s = await startBilling();
    await s.control("/_sim/account", { draftsOfEnded: "advance" });
    const { id } = await s.subscribe();
    if (way === "portal") {
      const { url } = await s.stripe.billingPortal.sessions.create({ customer: s.customer });
      const body = new URLSearchParams({ change: "cancel", subscription: id });
      await (await fetch(url, { method: "POST", body })).body?.cancel();
    } else await s.stripe.subscriptions.update(id, { cancel_at_period_end: true });
    const leaving = await s.stripe.subscriptions.retrieve(id);
    assert.deepEqual([leaving.cancel_at, leaving.cancel_at_period_end], [FEBRUARY, way !== "portal"]);
    await s.use(3000);
    await s.at(FEBRUARY);
    await s.use(100, FEBRUARY - 1);
    await s.at(MARCH);
    const last = (await s.invoices())[1]!;
    assert.deepEqual([(await s.invoices()).length, last.status, linesOf(last)], [2, "paid", [["3100", 31]]]);
    assert.equal((await s.stripe.subscriptions.retrieve(id)).ended_at, FEBRUARY);
  });
}

Deno.test("Canceling stops the collection of the customer's open invoices", async () => {
  await using s = await startBilling();
  await s.stripe.customers.update(s.customer, {
    invoice_settings: { default_payment_method: "pm_card_chargeCustomerFail" },
  });
  const { id } = await s.subscribe({ default_payment_method: "pm_card_visa" });
  await s.stripe.subscriptions.update(id, { default_payment_method: "pm_card_chargeCustomerFail" });
  await s.at(FEBRUARY + HOUR);
  const open = (await s.invoices())[1]!;
  assert.deepEqual([open.status, open.auto_advance, open.attempt_count], ["open", true, 1]);
  assert.equal((await s.stripe.subscriptions.retrieve(id)).status, "past_due");
  await s.stripe.subscriptions.cancel(id);
  const stopped = await s.stripe.invoices.retrieve(open.id);
  assert.deepEqual([stopped.status, stopped.auto_advance, stopped.next_payment_attempt], ["open", false, null]);
});

Deno.test("The control that fails a payment finalises the draft in its grace period, and paying it makes it active again", async () => {
  await using s = await startBilling();
  const { id } = await s.subscribe();
  await s.use(500);
  await s.at(FEBRUARY + 60);
  await s.control(`/_sim/subscriptions/${id}`, { action: "payment_fails" });
  const [, failed, ...others] = await s.invoices();
  assert.deepEqual([failed!.status, failed!.total, failed!.attempt_count, others], ["open", 4905, 1, []]);
  assert.equal((await s.stripe.subscriptions.retrieve(id)).status, "past_due");
  await s.stripe.invoices.pay(failed!.id);
  assert.equal((await s.stripe.subscriptions.retrieve(id)).status, "active");
});

Deno.test("A renewal is manual when the account says so, and then the control ends the period now", async () => {
  await using s = await startBilling();
  await s.control("/_sim/account", { renewals: "manual" });
  const { id } = await s.subscribe();
  await s.at(JANUARY + 20 * DAY);
  await s.use(500);
  await s.at(MARCH);
  assert.equal((await s.invoices()).length, 1);
  await s.control(`/_sim/subscriptions/${id}`, { action: "renew" });
  const last = (await s.invoices())[1]!;
  assert.deepEqual([last.status, linesOf(last)], ["paid", [["500", 5], ["1", 4900]]]);
});

Deno.test("A preview shows the next invoice with the usage so far and is not recorded", async () => {
  await using s = await startBilling();
  const { id: subscription } = await s.subscribe();
  await s.use(1234);
  await s.stripe.invoiceItems.create({ customer: s.customer, currency: "eur", amount: -100, description: "Credit" });
  const next = await s.stripe.invoices.createPreview({ subscription });
  assert.match(next.id, /^upcoming_in_/);
  assert.deepEqual([linesOf(next), next.total, next.created], [
    [["item", -100], ["1234", 12], ["1", 4900]],
    4812,
    FEBRUARY,
  ]);
  assert.equal((await s.invoices()).length, 1);
  await s.stripe.subscriptions.cancel(subscription);
  await assert.rejects(s.stripe.invoices.createPreview({ subscription }), { code: "invoice_upcoming_none" });
});

Deno.test("An invoice of its own bills the pending items that it includes, once for each Idempotency-Key", async () => {
  await using s = await startBilling();
  const { stripe, customer } = s;
  const item = (amount: number, row: string) =>
    stripe.invoiceItems.create({ customer, currency: "eur", amount, metadata: { row } }, { idempotencyKey: row });
  await s.control("/_sim/faults", { match: "POST /v1/invoiceitems", kind: "drop_after_commit" });
  // Whether the client repeats the call by itself or the caller does: the key makes it one item.
  await item(900, "row-1").catch(() => {});
  const late = await item(900, "row-1");
  const credit = await item(-200, "row-2");
  const listed = await stripe.invoiceItems.list({ customer, pending: true });
  assert.deepEqual(listed.data.map(({ metadata }) => metadata?.row), ["row-2", "row-1"]);
  assert.deepEqual((await stripe.invoices.create({ customer, currency: "eur" })).lines.data, []);
  const invoice = await stripe.invoices.create({
    customer,
    currency: "eur",
    pending_invoice_items_behavior: "include",
    metadata: { tenant: "ada" },
  });
  assert.deepEqual([invoice.auto_advance, invoice.parent, invoice.total], [false, null, 700]);
  await stripe.invoiceItems.create({ customer, invoice: invoice.id, amount: 50 });
  const open = await stripe.invoices.finalizeInvoice(invoice.id, { auto_advance: false });
  assert.deepEqual([open.status, open.total, open.metadata?.tenant], ["open", 750, "ada"]);
  await assert.rejects(stripe.invoiceItems.del(late.id), { statusCode: 400 });
  await assert.rejects(stripe.invoiceItems.create({ customer, invoice: invoice.id, amount: 1 }), { param: "invoice" });
  assert.equal((await stripe.invoiceItems.retrieve(credit.id)).invoice, invoice.id);
  assert.equal((await stripe.invoices.pay(invoice.id)).status, "paid");
  await assert.rejects(stripe.invoices.voidInvoice(invoice.id), /its status is paid/);
  const deleted = await item(5, "row-3");
  assert.equal((await stripe.invoiceItems.del(deleted.id)).deleted, true);
  assert.deepEqual((await stripe.invoiceItems.list({ customer, pending: true })).data, []);
});

Deno.test("An invoice of its own is not charged to a subscription's card, and can be voided, written off or sent", async () => {
  await using s = await startBilling();
  await s.subscribe({ default_payment_method: "pm_card_visa" });
  await s.stripe.customers.update(s.customer, { invoice_settings: { default_payment_method: "" } });
  const own = async (more: Partial<Stripe.InvoiceCreateParams> = {}) => {
    const { id } = await s.stripe.invoices.create({ customer: s.customer, currency: "eur", ...more });
    await s.stripe.invoiceItems.create({ customer: s.customer, invoice: id, amount: 400 });
    return id;
  };
  const charged = await own({ auto_advance: true });
  await s.at(JANUARY + HOUR);
  const failed = await s.stripe.invoices.retrieve(charged);
  assert.deepEqual([failed.status, failed.attempt_count], ["open", 1]);
  await assert.rejects(s.stripe.invoices.pay(charged), { code: "card_declined" });
  await assert.rejects(s.stripe.invoices.sendInvoice(charged), /collection method is 'send_invoice'/);
  assert.equal((await s.stripe.invoices.markUncollectible(charged)).status, "uncollectible");
  assert.equal((await s.stripe.invoices.voidInvoice(charged)).status, "void");
  await assert.rejects(own({ collection_method: "send_invoice", days_until_due: 14 }), /Missing email/);
  await s.stripe.customers.update(s.customer, { email: "ada@example.com" });
  const sent = await s.stripe.invoices.sendInvoice(
    await own({ collection_method: "send_invoice", days_until_due: 14 }),
  );
  assert.deepEqual([sent.status, sent.due_date], ["open", JANUARY + HOUR + 14 * DAY]);
  assert.equal((await s.stripe.invoices.pay(sent.id, { paid_out_of_band: true })).status, "paid");
  const draft = await own();
  assert.equal((await s.stripe.invoices.del(draft)).deleted, true);
  const types: string[] = await typesSince(s, JANUARY + HOUR);
  for (const type of ["payment_failed", "marked_uncollectible", "voided", "sent", "paid", "deleted"]) {
    assert.ok(types.includes(`invoice.${type}`), type);
  }
});

Deno.test("Meter events that are processed after a draft was read count until it is final", async () => {
  await using s = await startBilling();
  await s.control("/_sim/metering", { processingSeconds: 600 });
  await s.subscribe();
  await s.at(FEBRUARY - 60);
  await s.use(100);
  await s.at(FEBRUARY + 60);
  assert.deepEqual(linesOf((await s.invoices())[1]!)[0], ["0", 0]);
  await s.at(FEBRUARY + HOUR - 300);
  await s.use(900, FEBRUARY - 1);
  assert.deepEqual(linesOf((await s.invoices())[1]!)[0], ["100", 1]);
  await s.at(MARCH);
  assert.deepEqual(linesOf((await s.invoices())[1]!)[0], ["100", 1]);
});

Deno.test("Each month's invoice has the usage with its timestamp that was reported before it was final, for all histories", async () => {
  const months = [JANUARY, FEBRUARY, MARCH, APRIL];
  const report = fc.record({
    at: fc.integer({ min: JANUARY, max: APRIL + HOUR - 1 }),
    age: fc.oneof(fc.integer({ min: 0, max: 3 * HOUR }), fc.integer({ min: 0, max: 34 * DAY })),
    value: fc.integer({ min: -300, max: 5000 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(report, { minLength: 1, maxLength: 12 }), async (reports) => {
      await using s = await startBilling();
      await s.subscribe();
      const usage = reports.sort((a, b) => a.at - b.at).map(({ at, age, value }) => ({
        at,
        timestamp: Math.max(JANUARY, at - age),
        value,
      }));
      for (const { at, timestamp, value } of usage) {
        await s.at(at);
        await s.use(value, timestamp);
      }
      await s.at(APRIL + HOUR);
      const expected = months.slice(1).map((end, index) => {
        const counts = usage.filter(({ at, timestamp }) =>
          timestamp >= months[index]! && timestamp < end && at < end + HOUR
        );
        return Math.max(0, counts.reduce((sum, { value }) => sum + value, 0));
      });
      const billed = (await s.invoices()).slice(1).map(({ lines }) => lines.data[0]!.quantity);
      assert.deepEqual(billed, expected);
    }),
    { numRuns: 12, endOnFailure: true },
  );
});
