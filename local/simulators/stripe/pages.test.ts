import assert from "node:assert/strict";
import type Stripe from "stripe";
import { FEBRUARY, startBilling } from "../../../tests/support/stripe/billing-fixture.ts";
import { sdk, startFixture } from "../../../tests/support/stripe/simulator-fixture.ts";

const page = async (url: string, form?: Record<string, string>) => {
  const response = await fetch(url, form ? { method: "POST", body: new URLSearchParams(form) } : {});
  return { status: response.status, html: await response.text(), url: response.url, headers: response.headers };
};

for (
  const [pay, status, types] of [
    ["now", "active", ["invoice.paid"]],
    ["trial", "trialing", ["invoice.paid"]],
    ["fails_later", "active", ["invoice.paid"]],
    ["pending", "incomplete", []],
    ["pending_active", "active", []],
  ] as const
) {
  Deno.test(`The button "${pay}" of the checkout page creates a subscription with status ${status}`, async () => {
    await using s = await startFixture({ returnUrl: "http://127.0.0.1:5173/billing" });
    const shown = await page(`${s.simulator.url}/checkout?client_reference_id=ada-1&price=team&email=ada@example.com`);
    assert.equal(shown.status, 200);
    assert.match(shown.html, /value="team"[^>]*checked/);
    assert.match(shown.html, /name="client_reference_id" value="ada-1"/);
    assert.match(shown.html, new RegExp(`name="pay" value="${pay}"`));

    const done = await page(`${s.simulator.url}/checkout`, {
      session: "",
      plan: "team",
      email: "ada@example.com",
      client_reference_id: "ada-1",
      pay,
    });
    assert.equal(done.status, 200);
    assert.match(done.url, /\/checkout\/success\?session_id=cs_test_/);
    assert.match(done.html, /href="http:\/\/127\.0\.0\.1:5173\/billing"/);
    const [subscription] = (await s.stripe.subscriptions.list({ status: "all" })).data;
    assert.equal(subscription?.status, status);
    const [session] = (await s.stripe.checkout.sessions.list()).data;
    assert.deepEqual([session?.client_reference_id, session?.customer_details?.email], ["ada-1", "ada@example.com"]);
    const paid = (await s.stripe.events.list({ type: "invoice.paid" })).data.map(({ type }) => type);
    assert.deepEqual(paid, types);
  });
}

Deno.test("The pages escape caller input and ignore a javascript: return URL", async () => {
  await using s = await startFixture({ returnUrl: "javascript:alert(1)" });
  const attack = encodeURIComponent(`"><script>alert(1)</script>`);
  const { html } = await page(`${s.simulator.url}/checkout?email=${attack}&client_reference_id=${attack}`);
  assert.equal(html.includes("<script>alert"), false);
  assert.match(html, /name="client_reference_id" value=""/);
  const { html: missing } = await page(`${s.simulator.url}/checkout/${attack}`);
  assert.equal(missing.includes("<script>alert"), false);
  const done = await page(`${s.simulator.url}/checkout`, { plan: "team", email: "a@example.com", pay: "now" });
  assert.equal(done.html.includes("javascript:"), false);
});

Deno.test("An order with an invalid email, plan, button or field answers 400 and creates no subscription", async () => {
  await using s = await startFixture();
  const order = { plan: "team", email: "ada@example.com", pay: "now" };
  for (const wrong of [{ email: "ada" }, { plan: "gold" }, { pay: "never" }, { coupon: "free" }]) {
    assert.equal(
      (await page(`${s.simulator.url}/checkout`, { ...order, ...wrong })).status,
      400,
      JSON.stringify(wrong),
    );
  }
  assert.equal((await s.stripe.subscriptions.list({ status: "all" })).data.length, 0);
  assert.equal((await page(`${s.simulator.url}/checkout/success?session_id=cs_none`)).status, 400);
  assert.equal((await page(`${s.simulator.url}/nothing`)).status, 404);
});

Deno.test("The billing portal switches the plan, cancels at the period's end, undoes it and leads back", async () => {
  await using s = await startFixture();
  const { customerId, subscriptionId } = await s.checkout({ plan: "team" });
  const { url } = await s.stripe.billingPortal.sessions.create({
    customer: customerId,
    return_url: "https://app.example.com/billing?tab=1",
  });
  const change = (change: string, more = {}) => page(url, { change, subscription: subscriptionId, ...more });
  const current = () => s.stripe.subscriptions.retrieve(subscriptionId);

  const shown = await page(url);
  assert.equal(shown.status, 200);
  assert.match(shown.html, /<h2>Team /);
  assert.match(shown.html, /href="https:\/\/app\.example\.com\/billing\?tab=1"/);
  await change("switch", { price: "price_SimScaleMonthly" });
  assert.equal((await current()).items.data[0]?.price.lookup_key, "scale");
  assert.match((await change("cancel")).html, /Ends on .*Don&#39;t cancel subscription/s);
  assert.equal((await current()).cancel_at, (await current()).items.data[0]?.current_period_end);
  assert.match((await change("keep")).html, /Renews on /);
  assert.equal((await current()).cancel_at, null);
});

Deno.test("The billing portal changes only subscriptions of its own customer, and answers 400 without a session", async () => {
  await using s = await startFixture();
  const ada = await s.checkout();
  const ben = await s.checkout({ clientReferenceId: "ben" });
  const { url } = await s.stripe.billingPortal.sessions.create({ customer: ada.customerId });
  for (
    const form of [{ change: "cancel", subscription: ben.subscriptionId }, { change: "refund", subscription: "x" }]
  ) {
    assert.equal((await page(url, form)).status, 400, form.change);
  }
  assert.equal((await s.stripe.subscriptions.retrieve(ben.subscriptionId)).cancel_at, null);
  assert.equal((await page(`${s.simulator.url}/portal/none`)).status, 400);
  await assert.rejects(s.stripe.billingPortal.sessions.create({ customer: "cus_none" }), {
    statusCode: 400,
    code: "resource_missing",
    param: "customer",
  });
});

Deno.test("The pages load no resources from other origins", async () => {
  await using s = await startFixture();
  for (const path of ["/", "/checkout", "/_pages/style.css", "/_pages/checkout.js", "/_pages/dashboard.js"]) {
    const { status, html, headers } = await page(s.simulator.url + path);
    assert.equal(status, 200, path);
    assert.equal(/(src|href|url|import)\s*[=(]?\s*["']?https?:/.test(html), false, path);
    assert.match(headers.get("content-security-policy") ?? "", /default-src 'none'/);
  }
});

Deno.test("The control of invoices shows drafts with their lines and finalises them, as the dashboard's button does", async () => {
  await using s = await startBilling();
  await s.subscribe();
  await s.use(300);
  await s.at(FEBRUARY);
  const shown = async () => (await s.control("/_sim/invoices")).answer.invoices as Stripe.Invoice[];
  const [draft, first] = await shown();
  assert.deepEqual([draft!.status, draft!.lines.data.map(({ amount }) => amount), first!.status], [
    "draft",
    [3, 4900],
    "paid",
  ]);
  const { answer } = await s.control(`/_sim/invoices/${draft!.id}`, { action: "finalize" });
  assert.equal((await s.received(answer.eventIds as string[]))[0]?.type, "invoice.finalized");
  assert.equal((await s.control(`/_sim/invoices/${draft!.id}`, { action: "finalize" })).status, 400);
  assert.match(await (await fetch(s.simulator.url)).text(), /id="invoices"/);
  // An endpoint of an old API version gets an invoice without a subscription in its shape.
  const own = await s.stripe.invoices.create({ customer: s.customer });
  await s.stripe.invoiceItems.create({ customer: s.customer, invoice: own.id, amount: 5 });
  const old = await sdk(s.simulator, { apiVersion: "2024-06-20" }).invoices.retrieve(own.id);
  const { subscription, lines } = old as unknown as { subscription: null; lines: { data: { type: string }[] } };
  assert.deepEqual([subscription, lines.data[0]?.type], [null, "invoiceitem"]);
});
