import Stripe from "stripe";
import { KIND_LABELS } from "../../supabase/functions/_shared/billing/kind-labels.ts";
import {
  type BillingInterval,
  eventName,
  faultOf,
  intervalOf,
  KINDS,
  lookupKey,
  unitAmount,
  type UsageKind,
} from "../../supabase/functions/_shared/billing/meters.ts";
import { isStripeFailure } from "../../supabase/functions/_shared/stripe/errors.ts";
import { writeKey } from "../../supabase/functions/_shared/stripe/write-key.ts";

/** Prices of one currency and interval. */
export interface Market extends BillingInterval {
  /** ISO 4217, lower case. */
  currency: string;
}

export interface SetUpOptions {
  stripe: Stripe;
  /** The plans, as the database has them: their prices at Stripe say in which currencies and intervals they are sold. */
  plans: readonly { key: string; stripe_price_id: string | null }[];
  /** Currencies and intervals beside those of the plans' prices. */
  markets?: readonly Market[];
  /** Stripe Tax's code for the products; without it, a product keeps its own, or the account's default applies. */
  taxCode?: string | undefined;
  /** Only tell what would be done. */
  dryRun?: boolean;
}

/** One line of the report. `kept` and `told` changed nothing; `problem` needs the operator. */
export interface Step {
  did: "created" | "reactivated" | "replaced" | "updated" | "kept" | "problem";
  what: string;
}

/**
 * Creates the meters, and for each currency and interval of the plans' prices the metered prices, that are missing at Stripe.
 * Safe to repeat, to run twice at once and to stop anywhere: what exists is found by its event name, id or lookup key, and
 * each write has an idempotency key.
 */
export async function setUpMetering(options: SetUpOptions): Promise<Step[]> {
  const { stripe, plans } = options;
  const steps: Step[] = [];
  const setUp: SetUp = { ...options, dryRun: options.dryRun ?? false, tell: (did, what) => steps.push({ did, what }) };
  const { markets, unsold } = await marketsOf(plans, stripe);
  for (const plan of unsold) setUp.tell("kept", `plan ${plan}: has no active price at Stripe, so it is not for sale`);
  const meters = await keepMeters(setUp);
  for (const kind of KINDS) await keepProduct(kind, setUp);
  for (const market of distinct([...markets, ...options.markets ?? []])) await keepPrices(market, meters, setUp);
  return steps;
}

interface SetUp extends SetUpOptions {
  dryRun: boolean;
  tell: (did: Step["did"], what: string) => void;
}

/** The currencies and intervals in which plans are sold, also those that a price offers beside its own currency. */
async function marketsOf(
  plans: SetUpOptions["plans"],
  stripe: Stripe,
): Promise<{ markets: Market[]; unsold: string[] }> {
  const keys = new Set(plans.map(({ key }) => key));
  const ids = new Set(plans.flatMap(({ stripe_price_id: id }) => id === null ? [] : [id]));
  const sold = new Set<string>();
  const markets: Market[] = [];
  // Also archived prices: subscriptions that were sold at one continue.
  const list = stripe.prices.list({ type: "recurring", limit: 100, expand: ["data.currency_options"] });
  for await (const price of list) {
    const interval = intervalOf(price);
    const isPlan = ids.has(price.id) || keys.has(price.lookup_key ?? "");
    if (!isPlan || interval === null || price.recurring?.meter) continue;
    if (price.active) sold.add(price.id).add(price.lookup_key ?? "");
    for (const currency of new Set([price.currency, ...Object.keys(price.currency_options ?? {})])) {
      markets.push({ currency, ...interval });
    }
  }
  const unsold = plans.filter(({ key, stripe_price_id: id }) => !sold.has(key) && !(id !== null && sold.has(id)));
  return { markets, unsold: unsold.map(({ key }) => key) };
}

function distinct(markets: readonly Market[]): Market[] {
  return [...new Map(markets.map((market) => [lookupKey("fee", market.currency, market), market])).values()];
}

/** @returns the meters that exist; in a dry run not those that would be created */
async function keepMeters({ stripe, dryRun, tell }: SetUp): Promise<Map<UsageKind, string>> {
  const all = await stripe.billing.meters.list({ limit: 100 }).autoPagingToArray({ limit: 10_000 });
  const kept = new Map<UsageKind, string>();
  for (const kind of KINDS) {
    const named = all.filter(({ event_name: name }) => name === eventName(kind));
    const active = named.find(({ status }) => status === "active");
    const usable = named.find((meter) => faultOfMeter(meter) === null);
    const fault = active === undefined ? null : faultOfMeter(active);
    if (active !== undefined && fault !== null) {
      tell(
        "problem",
        `meter ${active.id} of ${eventName(kind)}: ${fault}. Deactivate it at Stripe, and run this again`,
      );
    } else if (active !== undefined) {
      tell("kept", `meter ${active.id} of ${eventName(kind)}`);
      kept.set(kind, active.id);
    } else if (usable !== undefined) {
      if (!dryRun) await stripe.billing.meters.reactivate(usable.id);
      tell("reactivated", `meter ${usable.id} of ${eventName(kind)}`);
      kept.set(kind, usable.id);
    } else {
      const id = dryRun ? null : await createMeter(kind, named, stripe);
      tell("created", `meter ${id ?? "(new)"} of ${eventName(kind)}`);
      if (id !== null) kept.set(kind, id);
    }
  }
  return kept;
}

/** Why a meter cannot count our units; null if it can. */
export function faultOfMeter(meter: Stripe.Billing.Meter): string | null {
  const { default_aggregation: { formula }, event_time_window: window, customer_mapping, value_settings } = meter;
  if (formula !== "sum") return `its formula is ${formula}, not sum`;
  if (window) return `a later event overwrites an earlier one of the same ${window} (event_time_window)`;
  if (customer_mapping.event_payload_key !== "stripe_customer_id" || value_settings.event_payload_key !== "value") {
    return "its payload keys are not stripe_customer_id and value";
  }
  return null;
}

async function createMeter(kind: UsageKind, earlier: Stripe.Billing.Meter[], stripe: Stripe): Promise<string> {
  const parameters: Stripe.Billing.MeterCreateParams = {
    display_name: KIND_LABELS[kind],
    event_name: eventName(kind),
    default_aggregation: { formula: "sum" },
    customer_mapping: { type: "by_id", event_payload_key: "stripe_customer_id" },
    value_settings: { event_payload_key: "value" },
  };
  // The earlier meters are part of the key, so that one that was deactivated since is not returned again.
  const idempotencyKey = await writeKey(`meter:${kind}`, { parameters, earlier: earlier.map(({ id }) => id).sort() });
  return (await stripe.billing.meters.create(parameters, { idempotencyKey })).id;
}

async function keepProduct(kind: UsageKind, { stripe, taxCode, dryRun, tell }: SetUp): Promise<void> {
  const id = eventName(kind);
  const existing = await unlessMissing(() => stripe.products.retrieve(id));
  if (existing === null) {
    // Tenants read it on their invoices. The operator may rename the product at Stripe.
    const parameters = { id, name: KIND_LABELS[kind], ...(taxCode !== undefined && { tax_code: taxCode }) };
    if (!dryRun) await unlessExists(() => stripe.products.create(parameters));
    return tell("created", `product ${id}`);
  }
  const current = typeof existing.tax_code === "string" ? existing.tax_code : existing.tax_code?.id;
  const change: Stripe.ProductUpdateParams = {
    ...(taxCode !== undefined && taxCode !== current && { tax_code: taxCode }),
    ...(!existing.active && { active: true }),
  };
  if (Object.keys(change).length === 0) return tell("kept", `product ${id}`);
  if (!dryRun) await stripe.products.update(id, change);
  tell("updated", `product ${id}: ${Object.entries(change).map(([field, value]) => `${field} ${value}`).join(", ")}`);
}

async function keepPrices(market: Market, meters: Map<UsageKind, string>, setUp: SetUp): Promise<void> {
  const { stripe } = setUp;
  const lookupKeys = KINDS.map((kind) => lookupKey(kind, market.currency, market));
  const found = await stripe.prices.list({ lookup_keys: lookupKeys, limit: 100 }).autoPagingToArray({ limit: 1000 });
  for (const kind of KINDS) await keepPrice(kind, market, meters.get(kind), found, setUp);
}

async function keepPrice(
  kind: UsageKind,
  market: Market,
  meterId: string | undefined,
  all: Stripe.Price[],
  { stripe, dryRun, tell }: SetUp,
): Promise<void> {
  const key = lookupKey(kind, market.currency, market);
  const found = all.find(({ lookup_key }) => lookup_key === key);
  const fault = found === undefined ? null : faultOf(found, market.currency, market) ??
    (found.recurring?.meter === meterId ? null : `its meter is ${found.recurring?.meter}`);
  if (found !== undefined && fault === null) {
    if (found.active) return tell("kept", `price ${found.id}, ${key}`);
    if (!dryRun) await stripe.prices.update(found.id, { active: true });
    return tell("reactivated", `price ${found.id}, ${key}`);
  }
  if (meterId === undefined && !dryRun) return tell("problem", `price ${key}: there is no meter for it`);
  const id = dryRun || meterId === undefined ? null : await createPrice(kind, market, meterId, found, stripe);
  if (found === undefined) return tell("created", `price ${id ?? "(new)"}, ${key}, ${unitAmount(market.currency)}`);
  // A price cannot be changed. Subscriptions keep the old one until an operator replaces it.
  tell("replaced", `price ${found.id} by ${id ?? "(new)"}, ${key}: ${fault}`);
}

async function createPrice(
  kind: UsageKind,
  { currency, interval, count }: Market,
  meter: string,
  replaced: Stripe.Price | undefined,
  stripe: Stripe,
): Promise<string> {
  const parameters: Stripe.PriceCreateParams = {
    product: eventName(kind),
    currency,
    unit_amount_decimal: Stripe.Decimal.from(unitAmount(currency)),
    billing_scheme: "per_unit",
    tax_behavior: "exclusive",
    recurring: { interval, interval_count: count, usage_type: "metered", meter },
    lookup_key: lookupKey(kind, currency, { interval, count }),
    ...(replaced !== undefined && { transfer_lookup_key: true }),
  };
  const idempotencyKey = await writeKey(`price:${kind}`, { parameters, replaced: replaced?.id });
  return (await stripe.prices.create(parameters, { idempotencyKey })).id;
}

async function unlessMissing<Read>(read: () => Promise<Read>): Promise<Read | null> {
  try {
    return await read();
  } catch (error) {
    if (isStripeFailure(error) && error.code === "resource_missing") return null;
    throw error;
  }
}

/** Another run may have created it in between. */
async function unlessExists(create: () => Promise<unknown>): Promise<void> {
  try {
    await create();
  } catch (error) {
    if (!isStripeFailure(error) || error.code !== "resource_already_exists") throw error;
  }
}
