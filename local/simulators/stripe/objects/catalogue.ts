import { plainDecimal, wholeOf } from "./amounts.ts";
import { newId } from "./ids.ts";
import type { Metadata, Plan, Price, Product } from "./shapes.ts";

/**
 * The plans of every new simulator. `numbers` is the number of included phone numbers, `monthly` the price in cents.
 */
export const SEED_PLANS = [
  { key: "starter", name: "Starter", numbers: 1, monthly: 1500 },
  { key: "team", name: "Team", numbers: 5, monthly: 4900 },
  { key: "scale", name: "Scale", numbers: 25, monthly: 19900 },
] as const;

/** Builds a product as `products.create` does. `created` is in Unix seconds. */
export function buildProduct(
  input: {
    id?: string | undefined;
    name: string;
    description?: string | null;
    metadata?: Metadata;
    taxCode?: string | null;
    unitLabel?: string | null;
    created: number;
  },
): Product {
  return {
    id: input.id ?? newId("prod"),
    object: "product",
    active: true,
    created: input.created,
    default_price: null,
    description: input.description ?? null,
    images: [],
    livemode: false,
    marketing_features: [],
    metadata: input.metadata ?? {},
    name: input.name,
    package_dimensions: null,
    shippable: null,
    statement_descriptor: null,
    tax_code: input.taxCode ?? null,
    tax_details: null,
    type: "service",
    unit_label: input.unitLabel ?? null,
    updated: input.created,
    url: null,
  };
}

/**
 * Builds a recurring price. `unitAmount` is in the smallest unit of the currency, with up to 12 decimal places. A metered
 * price has a meter, a licensed one has none.
 */
export function buildPrice(input: {
  id?: string;
  product: string;
  unitAmount: string;
  currency: string;
  interval: "day" | "week" | "month" | "year";
  intervalCount?: number;
  meter?: string | null;
  taxBehavior?: Price["tax_behavior"];
  lookupKey?: string | null;
  nickname?: string | null;
  metadata?: Metadata;
  created: number;
}): Price {
  const meter = input.meter ?? null;
  return {
    id: input.id ?? newId("price"),
    object: "price",
    active: true,
    billing_scheme: "per_unit",
    created: input.created,
    currency: input.currency,
    custom_unit_amount: null,
    livemode: false,
    lookup_key: input.lookupKey ?? null,
    metadata: input.metadata ?? {},
    nickname: input.nickname ?? null,
    product: input.product,
    recurring: {
      interval: input.interval,
      interval_count: input.intervalCount ?? 1,
      meter,
      trial_period_days: null,
      usage_type: meter === null ? "licensed" : "metered",
    },
    tax_behavior: input.taxBehavior ?? "unspecified",
    tiers_mode: null,
    transform_quantity: null,
    type: "recurring",
    unit_amount: wholeOf(input.unitAmount),
    unit_amount_decimal: plainDecimal(input.unitAmount),
  };
}

/** Returns the legacy `plan` object that Stripe still adds to each subscription item beside the price. */
export function planOf(price: Price): Plan {
  return {
    id: price.id,
    object: "plan",
    active: price.active,
    amount: price.unit_amount,
    amount_decimal: price.unit_amount_decimal,
    billing_scheme: price.billing_scheme,
    created: price.created,
    currency: price.currency,
    interval: price.recurring.interval,
    interval_count: price.recurring.interval_count,
    livemode: false,
    metadata: price.metadata,
    meter: price.recurring.meter,
    nickname: price.nickname,
    product: price.product,
    tiers_mode: null,
    transform_usage: null,
    trial_period_days: null,
    usage_type: price.recurring.usage_type,
  };
}

/** Whether usage determines the quantity of a price. */
export function isMetered(price: Price): boolean {
  return price.recurring.usage_type === "metered";
}

/** Whether a price can be chosen as a plan: it has a lookup key and a flat amount. */
export function isPlan(price: Price): boolean {
  return price.active && price.lookup_key !== null && !isMetered(price);
}

/** Returns the seeded products and prices. Their ids are fixed, so that a database can refer to them across resets. */
export function seedCatalogue(created: number): { products: Product[]; prices: Price[] } {
  const products: Product[] = [];
  const prices: Price[] = [];
  for (const plan of SEED_PLANS) {
    const metadata = { numbers: String(plan.numbers) };
    const description = plan.numbers === 1 ? "1 phone number" : `${plan.numbers} phone numbers`;
    const product = buildProduct({ id: `prod_Sim${plan.name}`, name: plan.name, description, metadata, created });
    const price = buildPrice({
      id: `price_Sim${plan.name}Monthly`,
      product: product.id,
      unitAmount: String(plan.monthly),
      currency: "usd",
      interval: "month",
      lookupKey: plan.key,
      metadata,
      created,
    });
    products.push({ ...product, default_price: price.id });
    prices.push(price);
  }
  return { products, prices };
}
