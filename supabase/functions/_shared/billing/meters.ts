import type Stripe from "stripe";
import { Constants } from "../database.types.ts";
import { type Db, decide, type Enum, rows } from "../platform/database.ts";

/** A kind of usage. Each has one meter at Stripe. */
export type UsageKind = Enum<"usage_kind">;
export const KINDS: readonly UsageKind[] = Constants.public.Enums.usage_kind;

/** How often a subscription renews, as Stripe's prices have it. */
export interface BillingInterval {
  interval: Stripe.Price.Recurring.Interval;
  count: number;
}

/** The event name of a kind's meter. */
export function eventName(kind: UsageKind): string {
  return `switchboard_${kind}`;
}

/**
 * The lookup key of a kind's metered price. Stripe bills a metered item at the interval of its subscription only.
 * @example lookupKey("sms_out", "usd", { interval: "month", count: 1 }) // "switchboard_sms_out_usd"
 * @example lookupKey("fee", "eur", { interval: "month", count: 3 }) // "switchboard_fee_eur_3month"
 */
export function lookupKey(kind: UsageKind, currency: string, { interval, count }: BillingInterval): string {
  const base = `${eventName(kind)}_${currency}`;
  if (interval === "month" && count === 1) return base;
  return `${base}_${count === 1 ? "" : count}${interval}`;
}

/** https://docs.stripe.com/currencies#zero-decimal. ISK and UGX have no decimals either, but Stripe counts hundredths. */
const ZERO_DECIMAL = new Set(
  "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split(" "),
);
/** https://docs.stripe.com/currencies#three-decimal */
const THREE_DECIMAL = new Set(["bhd", "jod", "kwd", "omr", "tnd"]);

/** How many decimals the smallest unit of a currency has at Stripe: 2 for USD, 0 for JPY, 3 for KWD. */
export function decimalsOf(currency: string): number {
  if (ZERO_DECIMAL.has(currency)) return 0;
  return THREE_DECIMAL.has(currency) ? 3 : 2;
}

/**
 * The price of one unit, 1/10,000 of the currency, in its smallest unit at Stripe.
 * @example unitAmount("usd") // "0.01", in cents
 * @example unitAmount("jpy") // "0.0001", in yen
 * @example unitAmount("kwd") // "0.1", in fils
 */
export function unitAmount(currency: string): string {
  return `0.${"1".padStart(4 - decimalsOf(currency), "0")}`;
}

/** What Stripe counts the usage of each kind by; a kind without a meter is missing. */
export type MeterIds = Partial<Record<UsageKind, string>>;

/** The active meters at Stripe, by their event names. */
export async function readMeters(stripe: Stripe): Promise<Map<UsageKind, Stripe.Billing.Meter>> {
  const found = new Map<UsageKind, Stripe.Billing.Meter>();
  for await (const meter of stripe.billing.meters.list({ status: "active", limit: 100 })) {
    const kind = KINDS.find((kind) => eventName(kind) === meter.event_name);
    if (kind !== undefined) found.set(kind, meter);
  }
  return found;
}

/**
 * The id of each kind's meter: as last stored, or read from Stripe while one is missing.
 * @param isKnown whether the stored ids suffice. Default: there is one for each kind
 */
export async function meterIds(
  db: Db,
  stripe: Stripe,
  isKnown: (stored: MeterIds) => boolean = (stored) => KINDS.every((kind) => stored[kind] !== undefined),
): Promise<MeterIds> {
  const stored: MeterIds = Object.fromEntries(
    (await rows(db, "list_meters", {})).map(({ kind, meter_id: meterId }) => [kind, meterId]),
  );
  if (isKnown(stored)) return stored;
  const read = [...await readMeters(stripe)].map(([kind, { id }]) => ({ kind, meterId: id }));
  if (read.length > 0) await decide(db, "record_meters", { p_meters: read });
  return Object.fromEntries(read.map(({ kind, meterId }) => [kind, meterId]));
}

/** The kind that a meter counts; null for a meter that is not ours. */
export async function kindOfMeter(meterId: string, db: Db, stripe: Stripe): Promise<UsageKind | null> {
  const kindIn = (ids: MeterIds) => KINDS.find((kind) => ids[kind] === meterId) ?? null;
  return kindIn(await meterIds(db, stripe, (stored) => kindIn(stored) !== null));
}

/** The metered prices of one currency and interval. */
export interface MeteredPrices {
  prices: Partial<Record<UsageKind, Stripe.Price>>;
  /** Kinds without a price that bills them rightly. Not empty: nothing may be sold with these prices. */
  missing: UsageKind[];
}

/** The active metered prices of a currency and interval that bill one unit as 1/10,000 of the currency. */
export async function meteredPrices(
  stripe: Stripe,
  currency: string,
  interval: BillingInterval,
): Promise<MeteredPrices> {
  const keys = new Map(KINDS.map((kind) => [lookupKey(kind, currency, interval), kind]));
  const { data } = await stripe.prices.list({ lookup_keys: [...keys.keys()], active: true, limit: 100 });
  const prices: MeteredPrices["prices"] = {};
  for (const price of data) {
    const kind = keys.get(price.lookup_key ?? "");
    if (kind !== undefined && faultOf(price, currency, interval) === null) prices[kind] = price;
  }
  return { prices, missing: KINDS.filter((kind) => prices[kind] === undefined) };
}

/** Why a price cannot bill our units; null if it can. */
export function faultOf(price: Stripe.Price, currency: string, { interval, count }: BillingInterval): string | null {
  const { recurring } = price;
  if (recurring?.usage_type !== "metered" || !recurring.meter) return "it has no meter";
  if (price.currency !== currency) return `its currency is ${price.currency}`;
  if (recurring.interval !== interval || recurring.interval_count !== count) {
    return `it is billed every ${recurring.interval_count} ${recurring.interval}`;
  }
  const unit = price.unit_amount_decimal?.toString() ?? null;
  if (unit !== unitAmount(currency)) return `its unit amount is ${unit ?? "not constant"}, not ${unitAmount(currency)}`;
  if (price.transform_quantity) return "it transforms the quantity";
  if (price.tax_behavior === "inclusive") return "its amounts include taxes, and units are net";
  return null;
}

/** The interval of a recurring price; null for any other. */
export function intervalOf({ recurring }: Pick<Stripe.Price, "recurring">): BillingInterval | null {
  return recurring && { interval: recurring.interval, count: recurring.interval_count };
}
