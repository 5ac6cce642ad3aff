import type postgres from "postgres";
import type Stripe from "stripe";
import { type ExchangeRate, type Kind, KINDS, type PlanVersion } from "./reference.ts";

export const FREE = "free";
const CURRENCIES = ["usd", "eur"] as const;
type Currency = typeof CURRENCIES[number];

/** The plans on sale in the proof, the cheapest first. */
export const PLANS: Readonly<Record<string, PlanVersion>> = {
  free: { rank: 0, currency: "usd", markup: "1.1000", included: {} },
  starter: { rank: 1, currency: "usd", markup: "1.3333", included: { sms_out: 5, number: 1 } },
  team: { rank: 2, currency: "usd", markup: "1.5000", included: { sms_out: 12, sms_in: 3, mms_out: 1 } },
  scale: { rank: 3, currency: "usd", markup: "2.0000", included: { mms_in: 2, number: 3 } },
  starter_eur: { rank: 4, currency: "eur", markup: "1.3333", included: { sms_out: 5, number: 1 } },
  team_eur: { rank: 5, currency: "eur", markup: "1.7500", included: { sms_out: 12, sms_in: 3, mms_out: 1 } },
  scale_eur: { rank: 6, currency: "eur", markup: "1.0000", included: {} },
};

export const RATES: readonly ExchangeRate[] = [
  { unit: "USD", currency: "eur", from: "2026-01-01", rate: "0.9100000000" },
  { unit: "USD", currency: "eur", from: "2027-02-03", rate: "0.9345000000" },
  { unit: "USD", currency: "eur", from: "2027-02-20", rate: "0.8876543210" },
];

export function planOf(currency: Currency, index: number): string {
  return ["starter", "team", "scale"][index]! + (currency === "usd" ? "" : `_${currency}`);
}

/** Writes the plans and exchange rates into the database. */
export async function sellPlans(sql: postgres.Sql): Promise<void> {
  await sql`insert into private.master_currency (unit, source) select 'USD', max(e) from
    unnest(enum_range(null::private.currency_source)) e on conflict do nothing`;
  await sql`insert into public.plans (key, name, rank, currency, max_numbers, daily_message_limit,
      monthly_message_limit)
    select key || '_eur', name || ' in euros', rank + 10, 'eur', max_numbers, daily_message_limit, monthly_message_limit
    from public.plans where key in ('starter', 'team', 'scale')`;
  for (const [key, { markup, included }] of Object.entries(PLANS)) {
    await sql`update public.plans set markup = ${markup}, included_sms_out = ${included.sms_out ?? 0},
      included_sms_in = ${included.sms_in ?? 0}, included_mms_out = ${included.mms_out ?? 0},
      included_mms_in = ${included.mms_in ?? 0}, included_numbers = ${included.number ?? 0} where key = ${key}`;
  }
  for (const { unit, currency, from, rate } of RATES) {
    await sql`insert into private.exchange_rates (unit, currency, valid_from, rate, reason, set_by)
      values (${unit}, ${currency}, ${from}, ${rate}, 'proof', gen_random_uuid())`;
  }
}

/** What the owner has created at Stripe. */
export interface Catalogue {
  /** By lookup key. */
  flat: Map<string, string>;
  metered: Map<string, Map<Kind, string>>;
  meters: Map<Kind, string>;
}

/** Creates the plans' prices, the meters and the metered prices. */
export async function stock(stripe: Stripe): Promise<Catalogue> {
  const flat = new Map<string, string>();
  for await (const { id, lookup_key } of stripe.prices.list({ limit: 100 })) {
    if (lookup_key !== null) flat.set(lookup_key, id);
  }
  for (const [key, { currency }] of Object.entries(PLANS)) {
    if (flat.has(key) || key === FREE) continue;
    const product = await stripe.products.create({ name: key });
    const price = await stripe.prices.create({
      ...{ product: product.id, currency, unit_amount: 900, lookup_key: key, recurring: { interval: "month" } },
    });
    flat.set(key, price.id);
  }
  const meters = new Map<Kind, string>();
  const metered = new Map<string, Map<Kind, string>>(CURRENCIES.map((currency) => [currency, new Map()]));
  for (const kind of KINDS) {
    const name = `switchboard_${kind}`;
    const meter = await stripe.billing.meters.create({
      ...{ display_name: name, event_name: name, default_aggregation: { formula: "sum" } },
    });
    meters.set(kind, meter.id);
    const product = await stripe.products.create({ name });
    for (const currency of CURRENCIES) {
      const price = await stripe.prices.create({
        ...{ product: product.id, currency, unit_amount_decimal: "0.01" as never, lookup_key: `${name}_${currency}` },
        ...{ tax_behavior: "exclusive", recurring: { interval: "month", usage_type: "metered", meter: meter.id } },
      });
      metered.get(currency)!.set(kind, price.id);
    }
  }
  return { flat, metered, meters };
}
