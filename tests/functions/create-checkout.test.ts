import assert from "node:assert/strict";
import Stripe from "stripe";
import { type Actor, callFunction } from "../../local/driver/actor.ts";
import { eventually } from "../../local/driver/eventually.ts";
import { setUpMetering } from "../../local/metering/set-up.ts";
import { createStripe } from "../../supabase/functions/_shared/stripe/client.ts";
import { assertInvalid, assertRefused } from "../support/answers.ts";
import { sharedStage, test } from "../support/stage.ts";
import { newcomer } from "../support/tenants.ts";
import { tokenFor } from "../support/tokens.ts";

const stage = sharedStage();

let madeStripe: Stripe | undefined;
/** The simulator, as its account's owner sees it. */
function stripe(): Stripe {
  const { url, secretKey } = stage.state.stripe;
  return madeStripe ??= createStripe({ secretKey: secretKey!, apiBaseUrl: url });
}

const checkOut = (actor: Actor, body: Record<string, unknown> = { plan: "team" }) =>
  actor.call("create-checkout", { body });

async function opened(actor: Actor, body?: Record<string, unknown>): Promise<{ id: string; url: string }> {
  const { status, body: checkout } = await checkOut(actor, body);
  assert.equal(status, 200, JSON.stringify(checkout));
  return checkout;
}

/** Pays on the checkout page. @returns the status of the page, and where it leads */
async function pay({ url, id: session }: { url: string; id: string }, pay = "now") {
  const form = new URLSearchParams({ session, plan: "", email: "ada@example.com", pay });
  const page = await fetch(new URL("/checkout", url), { method: "POST", body: form, redirect: "manual" });
  await page.body?.cancel();
  return { status: page.status, location: page.headers.get("location") };
}

/** The customers that the service created for a user, in order. */
async function customersOf({ id }: Actor): Promise<Stripe.Customer[]> {
  const customers = await stripe().customers.list({ limit: 100 }).autoPagingToArray({ limit: 1000 });
  return customers.filter(({ metadata }) => metadata["user_id"] === id).reverse();
}

async function sessionsOf(customer: string): Promise<Stripe.Checkout.Session[]> {
  return (await stripe().checkout.sessions.list({ customer, limit: 100 })).data;
}

async function subscriptionsOf({ id }: Actor) {
  return [
    ...await stage.database.sql<{ plan_key: string; status: string; origin: string }[]>`
      select plan_key, status, origin from public.subscriptions where user_id = ${id}`,
  ];
}

test("a tenant pays for a plan and owns the subscription, and a second checkout answers 409 with the portal's URL", async () => {
  const ada = await newcomer(stage, "ada");
  const origin = stage.state.apiUrl;
  const { status, body: checkout } = await callFunction(stage.state, "create-checkout", {
    headers: { authorization: `Bearer ${await tokenFor(stage.state, { sub: ada.id, email: ada.email })}` },
    body: {
      plan: "team",
      successUrl: `${origin}/console/?checkout={CHECKOUT_SESSION_ID}#/billing`,
      cancelUrl: `${origin}/console/`,
    },
  });
  assert.equal(status, 200, checkout.message);
  const [customer] = await customersOf(ada);
  assert.equal(customer?.email, ada.email);
  const session = await stripe().checkout.sessions.retrieve(checkout.id, { expand: ["line_items"] });
  assert.deepEqual(
    [session.mode, session.customer, session.client_reference_id, session.metadata?.["user_id"]],
    ["subscription", customer.id, ada.id, ada.id],
  );
  assert.equal(session.line_items?.data[0]?.price?.lookup_key, "team");
  assert.equal(session.cancel_url, `${origin}/console/`);

  // Before its events arrive, and after.
  await stage.stripe.fault({ deliveries: "paused" });
  try {
    const paid = await pay(checkout);
    assert.deepEqual(paid, { status: 303, location: `${origin}/console/?checkout=${checkout.id}#/billing` });
    const [detail] = assertRefused(await checkOut(ada, { plan: "scale" }), [409, "subscription_exists"]);
    assert.match(String(detail?.["portalUrl"]), /\/portal\//);
  } finally {
    await stage.stripe.clearFaults();
  }
  await eventually("the subscription to be stored", async () => {
    const [stored] = await subscriptionsOf(ada);
    return stored?.status === "active";
  });
  assert.deepEqual(await subscriptionsOf(ada), [{ plan_key: "team", status: "active", origin: "metadata" }]);
  const [detail] = assertRefused(await checkOut(ada), [409, "subscription_exists"]);
  const portal = await fetch(String(detail?.["portalUrl"]));
  assert.match(await portal.text(), /<h2>Team /);
  assert.equal((await pay(checkout)).status, 400);
});

const SOLD = ["starter", "team", "scale"];

test("the plans for sale have the prices of Stripe, which are kept for ten minutes, and without Stripe for a day", async () => {
  const ada = await newcomer(stage, "ada");
  const month = { currency: "usd", interval: "month", intervalCount: 1, includesTaxes: false };
  const shown = async () =>
    // Other tests make plans, for which Stripe has no price.
    (await ada.switchboard.plansForSale()).plans.filter(({ plan }) => SOLD.includes(plan)).map(
      ({ plan, price, readAt }) => {
        assert.equal(readAt === null, price === null);
        return [plan, price];
      },
    );
  const atStripe = [["starter", 15], ["team", 49], ["scale", 199]].map((
    [plan, amount],
  ) => [plan, { amount, ...month }]);
  const inCopy = atStripe.map(([plan]) => [plan, { amount: 7, ...month }]);
  const age = (by: string) =>
    stage.database.sql`
      update private.sale_prices
      set amount = 7, read_at = now() - ${by}::interval, asked_at = now() - ${by}::interval
      where plan_key = any(${SOLD})`;
  assert.deepEqual(await shown(), atStripe);
  await age("9 minutes");
  assert.deepEqual(await shown(), inCopy);
  await age("11 minutes");
  assert.deepEqual(await shown(), atStripe);
  await stage.stripe.fault({ match: "GET /v1/prices", kind: "status", status: 500, times: 100 });
  try {
    await age("23 hours");
    assert.deepEqual(await shown(), inCopy);
    await age("25 hours");
    assert.deepEqual(await shown(), inCopy.map(([plan]) => [plan, null]));
  } finally {
    await stage.stripe.clearFaults();
  }
  assert.deepEqual(await shown(), atStripe);
});

test("a tenant whose subscription is over buys again, as the same customer", async () => {
  const ada = await newcomer(stage, "ada");
  const first = await opened(ada);
  await pay(first);
  const { subscription } = await stripe().checkout.sessions.retrieve(first.id);
  await stripe().subscriptions.cancel(String(subscription));
  await eventually(
    "the subscription to be canceled",
    async () => (await subscriptionsOf(ada))[0]?.status === "canceled",
  );
  const second = await opened(ada);
  assert.notEqual(second.id, first.id);
  assert.equal((await customersOf(ada)).length, 1);
});

test("concurrent and repeated requests share one session and one customer", async () => {
  const ada = await newcomer(stage, "ada");
  const urls = await Promise.all([1, 2, 3, 4].map(async () => (await opened(ada)).url));
  urls.push((await opened(ada)).url);
  assert.equal(new Set(urls).size, 1);
  const [customer, ...others] = await customersOf(ada);
  assert.deepEqual(others, []);
  assert.equal((await sessionsOf(customer!.id)).length, 1);
});

test("a request for another plan expires the first session, which can no longer be paid", async () => {
  const ada = await newcomer(stage, "ada");
  const starter = await opened(ada, { plan: "starter" });
  const team = await opened(ada, { plan: "team" });
  assert.notEqual(team.url, starter.url);
  assert.equal((await stripe().checkout.sessions.retrieve(starter.id)).status, "expired");
  assert.equal((await pay(starter)).status, 400);
  assert.equal((await pay(team)).status, 303);
});

test("of two simultaneous requests for different plans, the replaced one answers 409 and leaves no session to pay", async () => {
  const ada = await newcomer(stage, "ada");
  await stage.stripe.fault({ match: "POST /v1/checkout/sessions", kind: "delay", delayMs: 3_000 });
  const starter = checkOut(ada, { plan: "starter" });
  await eventually("the first request to create its session", async () => (await stage.stripe.pendingFaults()) === 0);
  const team = await opened(ada, { plan: "team" });
  assertRefused(await starter, [409, "checkout_replaced"]);
  const [customer, ...others] = await customersOf(ada);
  assert.deepEqual(others, []);
  const payable = (await sessionsOf(customer!.id)).filter(({ status }) => status === "open");
  assert.deepEqual(payable.map(({ id }) => id), [team.id]);
});

test("when Stripe creates a session but does not answer, the next request returns that session", async () => {
  const ada = await newcomer(stage, "ada");
  await stage.stripe.fault({ match: "POST /v1/customers", kind: "drop_after_commit" });
  await stage.stripe.fault({ match: "POST /v1/checkout/sessions", kind: "drop_after_commit", times: 20 });
  const unanswered = await checkOut(ada).finally(() => stage.stripe.clearFaults());
  assertRefused(unanswered, [503, "stripe_unavailable"]);
  assert.ok(unanswered.headers.get("retry-after"));
  const [customer, ...others] = await customersOf(ada);
  assert.deepEqual(others, []);
  const created = await sessionsOf(customer!.id);
  assert.equal(created.length, 1);
  assert.equal((await opened(ada)).id, created[0]!.id);
  assert.equal((await sessionsOf(customer!.id)).length, 1);
});

test("a session that expired, and a customer who was deleted at Stripe, are replaced", async () => {
  const ada = await newcomer(stage, "ada");
  const first = await opened(ada);
  await stripe().checkout.sessions.expire(first.id);
  const second = await opened(ada);
  assert.notEqual(second.id, first.id);
  const [customer] = await customersOf(ada);
  await stripe().customers.del(customer!.id);
  const third = await opened(ada, { plan: "scale" });
  const { customer: another } = await stripe().checkout.sessions.retrieve(third.id);
  assert.notEqual(another, customer!.id);
});

test("a plan that is unknown, without a subscription or without a price is refused", async () => {
  const ada = await newcomer(stage, "ada");
  const key = `unpriced-${ada.id}`;
  await stage.database.sql`
    insert into public.plans (key, name, rank, superseded_at, max_numbers, daily_message_limit, monthly_message_limit)
    values (${key}, 'Unpriced', 9, null, 1, 1, 1)`;
  try {
    assertRefused(await checkOut(ada, { plan: "gold" }), [404, "plan_not_found"]);
    for (const plan of ["free", "fallback", key]) {
      assertRefused(await checkOut(ada, { plan }), [422, "plan_not_for_sale"]);
    }
  } finally {
    await stage.database.sql`delete from public.plans where key = ${key}`;
  }
  assert.deepEqual(await customersOf(ada), []);
});

test("return URLs lead to listed origins only, although any page may call the functions", async () => {
  const ada = await newcomer(stage, "ada");
  const { host, origin } = new URL(stage.state.apiUrl);
  const refused = [
    "https://evil.example.com/",
    `https://${host}/`,
    `http://${host}.evil.example.com/`,
    `http://${host}@evil.example.com/`,
    `http://ada:secret@${host}/`,
    `//${host}/`,
    "/console",
    "javascript:alert(1)",
    "data:text/html,x",
    "*",
    "",
  ];
  for (const url of refused) {
    assertInvalid(await checkOut(ada, { plan: "team", successUrl: url }), ["successUrl"]);
    assertInvalid(await ada.call("billing-portal", { body: { returnUrl: url } }), ["returnUrl"]);
  }
  // Read as a browser reads it, and handed on in that form.
  const { id } = await opened(ada, { plan: "team", successUrl: `${origin}\\\ta?b=c` });
  assert.equal((await stripe().checkout.sessions.retrieve(id)).success_url, `${origin}/a?b=c`);
});

test("an anonymous user cannot buy a subscription", async () => {
  const ada = await newcomer(stage, "ada");
  const token = await tokenFor(stage.state, { sub: ada.id, is_anonymous: true });
  const headers = { authorization: `Bearer ${token}` };
  const answer = await callFunction(stage.state, "create-checkout", { headers, body: { plan: "team" } });
  assertRefused(answer, [403, "permanent_user_required"]);
});

test("the billing portal opens for the caller's own customer, and leads back to the given page", async () => {
  const ada = await newcomer(stage, "ada");
  const returnUrl = `${stage.state.apiUrl}/console/#/billing`;
  assertRefused(await ada.call("billing-portal", { body: { returnUrl } }), [404, "billing_customer_not_found"]);
  await pay(await opened(ada, { plan: "starter" }));
  const { status, body } = await ada.call("billing-portal", { body: { returnUrl } });
  assert.equal(status, 200, JSON.stringify(body));
  const page = await (await fetch(body.url)).text();
  assert.match(page, /<h2>Starter /);
  assert.ok(page.includes(`href="${returnUrl}"`));
});

test("the customer of a Payment Link that names another user as buyer is not shown to that user", async () => {
  const ada = await newcomer(stage, "ada");
  const { customerId } = await stage.stripe.subscribe({ clientReferenceId: ada.id, plan: "team", email: "ben@x.test" });
  await eventually("the subscription to be stored", async () => (await subscriptionsOf(ada)).length > 0);
  assertRefused(await ada.call("billing-portal", { body: {} }), [404, "billing_customer_not_found"]);
  const { id } = await opened(ada);
  assert.notEqual((await stripe().checkout.sessions.retrieve(id)).customer, customerId);
});

test("a refusal by Stripe answers 502, without Stripe's words", async () => {
  const ada = await newcomer(stage, "ada");
  await stage.stripe.fault({ match: "POST /v1/customers", kind: "status", status: 403, times: 5 });
  const answer = await checkOut(ada).finally(() => stage.stripe.clearFaults());
  assertRefused(answer, [502, "stripe_misconfigured"]);
  assert.equal(JSON.stringify(answer.body).includes("unknown error"), false);
});

test("a checkout sells a metered price of each kind of usage, and answers 503 while there is none for the plan's currency and interval", async () => {
  const ada = await newcomer(stage, "ada");
  const { id } = await opened(ada);
  const { line_items: sold } = await stripe().checkout.sessions.retrieve(id, { expand: ["line_items"] });
  const lookupKeys = sold!.data.map(({ price, quantity }) => [price!.lookup_key, quantity]);
  const kinds = ["sms_out", "sms_in", "mms_out", "mms_in", "number", "fee"];
  assert.deepEqual(lookupKeys, [["team", 1], ...kinds.map((kind) => [`switchboard_${kind}_usd`, null])]);

  const product = sold!.data[0]!.price!.product as string;
  const price = await stripe().prices.create({
    product,
    currency: "sek",
    unit_amount: 99_000,
    recurring: { interval: "year" },
  });
  await stage.database.sql`insert into public.plans (key, name, rank, stripe_price_id, max_numbers, daily_message_limit,
    monthly_message_limit) values ('yearly', 'Yearly', 77, ${price.id}, 1, 100, 1000)`;
  try {
    assertRefused(await checkOut(ada, { plan: "yearly" }), [503, "billing_not_set_up"]);
    await setUpMetering({ stripe: stripe(), plans: [{ key: "yearly", stripe_price_id: price.id }] });
    const other = await opened(ada, { plan: "yearly" });
    const { line_items: yearly } = await stripe().checkout.sessions.retrieve(other.id, { expand: ["line_items"] });
    assert.equal(yearly!.data[1]!.price!.lookup_key, "switchboard_sms_out_sek_year");
  } finally {
    await stage.database.sql`update private.checkouts set session_id = null where user_id = ${ada.id}`;
    await stage.database.sql`delete from public.plans where key = 'yearly'`;
  }
});
