import assert from "node:assert/strict";
import { createStripe } from "../../supabase/functions/_shared/stripe/client.ts";
import { KINDS, meteredPrices } from "../../supabase/functions/_shared/billing/meters.ts";
import { startStripeSimulator } from "../simulators/stripe/mod.ts";
import { marketFrom } from "./main.ts";
import { setUpMetering, type SetUpOptions, type Step } from "./set-up.ts";

const PLANS: SetUpOptions["plans"] = [{ key: "starter", stripe_price_id: null }, {
  key: "team",
  stripe_price_id: null,
}];
const MONTHLY = { interval: "month", count: 1 } as const;

async function simulated() {
  const simulator = await startStripeSimulator();
  /** @param dies after how many writes the process ends */
  const stripe = (dies = Infinity) => {
    let writes = 0;
    return createStripe({
      secretKey: simulator.secretKey,
      apiBaseUrl: simulator.url,
      fetch: (input, init) => {
        if (init?.method === "POST" && ++writes > dies) return Promise.reject(new Error("the process ended"));
        return simulator.fetch(input, init);
      },
      retries: 0,
    });
  };
  return { simulator, stripe, [Symbol.asyncDispose]: () => simulator.stop() };
}

const counts = (steps: Step[]) => {
  const of: Record<string, number> = {};
  for (const { did } of steps) of[did] = (of[did] ?? 0) + 1;
  return of;
};

Deno.test("stripe:setup creates six meters, products and prices, and keeps them when it is repeated", async () => {
  await using s = await simulated();
  const stripe = s.stripe();
  assert.deepEqual(counts(await setUpMetering({ stripe, plans: PLANS, taxCode: "txcd_10701400" })), { created: 18 });
  const meters = await stripe.billing.meters.list({ limit: 100 });
  assert.deepEqual(
    meters.data.map(({ event_name, status, default_aggregation }) => [event_name, status, default_aggregation.formula])
      .sort(),
    KINDS.map((kind) => [`switchboard_${kind}`, "active", "sum"]).sort(),
  );
  const { prices, missing } = await meteredPrices(stripe, "usd", MONTHLY);
  assert.deepEqual(missing, []);
  const { sms_out: price } = prices;
  assert.deepEqual(
    [price?.lookup_key, price?.unit_amount_decimal?.toString(), price?.tax_behavior, price?.product],
    ["switchboard_sms_out_usd", "0.01", "exclusive", "switchboard_sms_out"],
  );
  assert.equal((await stripe.products.retrieve("switchboard_sms_out")).tax_code, "txcd_10701400");
  assert.deepEqual(counts(await setUpMetering({ stripe, plans: PLANS })), { kept: 18 });
});

Deno.test("stripe:setup creates the prices of each currency and interval in which a plan is sold, also of an archived price", async () => {
  await using s = await simulated();
  const stripe = s.stripe();
  const product = (await stripe.products.create({ name: "Plan" })).id;
  for (
    const [currency, interval, active] of [["eur", "year", true], ["jpy", "month", true], [
      "kwd",
      "month",
      false,
    ]] as const
  ) {
    const { id } = await stripe.prices.create({ product, currency, unit_amount: 1000, recurring: { interval } });
    if (!active) await stripe.prices.update(id, { active });
    const plans = [...PLANS, { key: "other", stripe_price_id: id }];
    await setUpMetering({ stripe, plans });
  }
  await setUpMetering({ stripe, plans: PLANS, markets: [marketFrom("GBP:3month"), marketFrom("chf")] });
  const units: Record<string, string | undefined> = {};
  for (
    const key of ["eur_year", "jpy", "kwd", "gbp_3month", "chf", "usd"].map((market) => `switchboard_fee_${market}`)
  ) {
    const { data: [price] } = await stripe.prices.list({ lookup_keys: [key], active: true });
    units[key] = price?.unit_amount_decimal?.toString();
  }
  assert.deepEqual(units, {
    switchboard_fee_eur_year: "0.01",
    switchboard_fee_jpy: "0.0001",
    switchboard_fee_kwd: "0.1",
    switchboard_fee_gbp_3month: "0.01",
    switchboard_fee_chf: "0.01",
    switchboard_fee_usd: "0.01",
  });
});

Deno.test("stripe:setup that ends after any of its writes is completed by the next run, and two at once create one of each", async () => {
  for (let writes = 0; writes < 18; writes += 1) {
    await using s = await simulated();
    await assert.rejects(setUpMetering({ stripe: s.stripe(writes), plans: PLANS }));
    const [one, other] = [s.stripe(), s.stripe()];
    await Promise.allSettled([one, other].map((stripe) => setUpMetering({ stripe, plans: PLANS })));
    const stripe = s.stripe();
    assert.deepEqual(counts(await setUpMetering({ stripe, plans: PLANS })), { kept: 18 }, `after ${writes}`);
    const meters = await stripe.billing.meters.list({ limit: 100 });
    const prices = await stripe.prices.list({ recurring: { usage_type: "metered" }, limit: 100 });
    assert.deepEqual([meters.data.length, prices.data.length], [6, 6], `after ${writes}`);
  }
});

Deno.test("stripe:setup repairs what it can, and names what only the operator can", async () => {
  await using s = await simulated();
  const stripe = s.stripe();
  await setUpMetering({ stripe, plans: PLANS });
  const { prices } = await meteredPrices(stripe, "usd", MONTHLY);
  await stripe.billing.meters.deactivate(prices.fee!.recurring!.meter!);
  await stripe.prices.update(prices.sms_in!.id, { active: false });
  const wrong = await stripe.prices.create({
    product: "switchboard_sms_out",
    currency: "usd",
    unit_amount: 1,
    recurring: { interval: "month", usage_type: "metered", meter: prices.sms_out!.recurring!.meter! },
    lookup_key: "switchboard_sms_out_usd",
    transfer_lookup_key: true,
  });
  assert.deepEqual((await meteredPrices(stripe, "usd", MONTHLY)).missing, ["sms_out", "sms_in"]);
  const told = await setUpMetering({ stripe, plans: PLANS, dryRun: true });
  assert.deepEqual(counts(told), { kept: 15, reactivated: 2, replaced: 1 });
  assert.deepEqual((await meteredPrices(stripe, "usd", MONTHLY)).missing, ["sms_out", "sms_in"]);
  const did = await setUpMetering({ stripe, plans: PLANS });
  assert.deepEqual(counts(did), { kept: 15, reactivated: 2, replaced: 1 });
  assert.match(
    did.find((step) => step.did === "replaced")!.what,
    new RegExp(`${wrong.id} by price_.*unit amount is 1, not 0.01`),
  );
  assert.deepEqual((await meteredPrices(stripe, "usd", MONTHLY)).missing, []);
  assert.deepEqual(counts(await setUpMetering({ stripe, plans: PLANS })), { kept: 18 });

  await stripe.billing.meters.deactivate(prices.number!.recurring!.meter!);
  await stripe.billing.meters.create({
    display_name: "Counts",
    event_name: "switchboard_number",
    default_aggregation: { formula: "count" },
  });
  const problems = (await setUpMetering({ stripe, plans: PLANS })).filter(({ did }) => did === "problem");
  assert.match(problems[0]!.what, /its formula is count, not sum\. Deactivate it at Stripe, and run this again/);
});

Deno.test("marketFrom refuses what is no market", () => {
  assert.deepEqual(marketFrom("eur:year"), { currency: "eur", interval: "year", count: 1 });
  for (const text of ["", "eu", "eur:decade", "eur year"]) assert.throws(() => marketFrom(text), TypeError);
});
