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
  input: { id?: string | undefined; name: string; description?: string | null; metadata?: Metadata; created: number },
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
    tax_code: null,
    tax_details: null,
    type: "service",
    unit_label: null,
    updated: input.created,
    url: null,
  };
}

/** Builds a recurring licensed price. `unitAmount` is in the smallest unit of the currency. */
export function buildPrice(input: {
  id?: string;
  product: string;
  unitAmount: number;
  currency: string;
  interval: "day" | "week" | "month" | "year";
  intervalCount?: number;
  lookupKey?: string | null;
  nickname?: string | null;
  metadata?: Metadata;
  created: number;
}): Price {
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
      meter: null,
      trial_period_days: null,
      usage_type: "licensed",
    },
    tax_behavior: "unspecified",
    tiers_mode: null,
    transform_quantity: null,
    type: "recurring",
    unit_amount: input.unitAmount,
    unit_amount_decimal: String(input.unitAmount),
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
    meter: null,
    nickname: price.nickname,
    product: price.product,
    tiers_mode: null,
    transform_usage: null,
    trial_period_days: null,
    usage_type: "licensed",
  };
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
      unitAmount: plan.monthly,
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
