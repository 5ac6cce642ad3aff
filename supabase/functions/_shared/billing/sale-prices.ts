import type Stripe from "stripe";
import * as z from "zod";
import { Constants } from "../database.types.ts";
import { completeRows, type Db, decide } from "../platform/database.ts";
import { ApiError } from "../platform/errors.ts";
import { describeError, type Log } from "../platform/log.ts";
import { isoOf } from "../platform/time.ts";
import { planPrice } from "./checkout.ts";
import { decimalsOf } from "./meters.ts";

const intervalSchema = z.enum(Constants.public.Enums.price_interval);

const priceSchema = z.strictObject({
  amount: z.number().describe("Of one interval, in the currency"),
  currency: z.string().describe("ISO 4217, in lower case"),
  interval: intervalSchema,
  intervalCount: z.number().describe("How many of these intervals one payment is for"),
  includesTaxes: z.boolean().describe("Whether taxes are part of the amount; otherwise they may be added to it"),
}).meta({ id: "PlanPrice" });

export type PlanPrice = z.output<typeof priceSchema>;

export const plansForSaleSchema = z.strictObject({
  plans: z.array(z.strictObject({
    plan: z.string().describe("The key of the plan"),
    name: z.string(),
    price: priceSchema.nullable().describe(
      "What Stripe charges for the plan, without usage. null: readAt says whether Stripe has no fixed price for it",
    ),
    readAt: z.string().nullable().describe("When the price was read from Stripe. null: Stripe could not be read today"),
  })).describe("The smallest first"),
}).meta({ id: "PlansForSale", description: "The plans that can be bought, with their prices" });

export type PlansForSale = z.output<typeof plansForSaleSchema>;

export interface SalePriceDependencies {
  db: Db;
  /** Called when a price is to be read. */
  connect: () => Promise<Stripe>;
  log: Log;
}

/** A page waits for the prices: a Stripe that is slow counts as one that does not answer. */
const READ_ONCE = { timeout: 3_000, maxNetworkRetries: 0 } as const;

const NULLABLE = [
  "stripe_price_id",
  "amount",
  "currency",
  "interval",
  "interval_count",
  "includes_taxes",
  "read_at",
] as const;

const listed = (db: Db) => completeRows(db, "list_sale_prices", {}, NULLABLE);

/** The plans for sale with their prices: the database's copy, which is read from Stripe again when it is ten minutes old. */
export async function plansForSale({ db, connect, log }: SalePriceDependencies): Promise<PlansForSale> {
  let found = await listed(db);
  const due = found.filter(({ is_due: isDue }) => isDue);
  if (due.length > 0) {
    try {
      const stripe = await connect();
      const prices = await Promise.all(due.map(async ({ plan_key: plan, stripe_price_id: id }) => ({
        plan,
        ...await shownPrice(id, plan, stripe),
      })));
      await decide(db, "record_sale_prices", { p_prices: prices });
      found = await listed(db);
    } catch (error) {
      // The plans are shown without prices, or with those of the last reading.
      log.error("sale_prices.unread", describeError(error));
    }
  }
  return {
    plans: found.map((row) => ({
      plan: row.plan_key,
      name: row.name,
      price: row.amount === null ? null : {
        amount: Number(row.amount),
        currency: row.currency!,
        interval: row.interval!,
        intervalCount: row.interval_count!,
        includesTaxes: row.includes_taxes!,
      },
      readAt: isoOf(row.read_at),
    })),
  };
}

/** @returns null for a plan that has no price, or none with a fixed amount, such as one by tiers */
async function shownPrice(priceId: string | null, plan: string, stripe: Stripe): Promise<PlanPrice | null> {
  try {
    return shown(await planPrice(priceId, plan, stripe, READ_ONCE));
  } catch (error) {
    if (error instanceof ApiError && error.code === "plan_not_for_sale") return null;
    throw error;
  }
}

/** What a price says to those who choose a plan. */
export function shown(
  { unit_amount_decimal: unitAmount, currency, recurring, tax_behavior: taxes }: Stripe.Price,
): PlanPrice | null {
  const { data: interval } = intervalSchema.safeParse(recurring?.interval);
  if (unitAmount === null || recurring === null || interval === undefined) return null;
  return {
    amount: Number(unitAmount.toString()) / 10 ** decimalsOf(currency),
    currency,
    interval,
    intervalCount: recurring.interval_count,
    includesTaxes: taxes === "inclusive",
  };
}
