/** A simulator with a flat price, a meter with its metered price, and a customer with a card. */
import Stripe from "stripe";
import type { StripeSimulatorOptions } from "../../../local/simulators/stripe/mod.ts";
import { type Fixture, startFixture } from "./simulator-fixture.ts";

export const DAY = 86_400;
export const HOUR = 3600;
/** 2027-01-01, at midnight UTC. Its month has 31 days. */
export const JANUARY = Date.UTC(2027, 0, 1) / 1000;
export const FEBRUARY = Date.UTC(2027, 1, 1) / 1000;
export const MARCH = Date.UTC(2027, 2, 1) / 1000;
export const APRIL = Date.UTC(2027, 3, 1) / 1000;

export interface BillingFixture extends Fixture {
  meter: Stripe.Billing.Meter;
  /** 49 euros a month. */
  flat: Stripe.Price;
  /** One unit is 1/10,000 euro: 0.01 cents. */
  metered: Stripe.Price;
  customer: string;
  /** Subscribes the customer to the flat and the metered price. */
  subscribe(more?: Partial<Stripe.SubscriptionCreateParams>): Promise<Stripe.Subscription>;
  /** Reports usage, at the clock's time or at a given one. */
  use(value: number | string, timestamp?: number): Promise<void>;
  /** Moves the clock to a time in Unix seconds. */
  at(seconds: number): Promise<void>;
  meteredPrice(more?: Partial<Stripe.PriceCreateParams>): Promise<Stripe.Price>;
  /** The invoices of the customer, oldest first. */
  invoices(): Promise<Stripe.Invoice[]>;
}

/** Starts on 1 January. */
export async function startBilling(options: StripeSimulatorOptions = {}): Promise<BillingFixture> {
  const s = await startFixture({ now: () => JANUARY * 1000, ...options });
  const { stripe } = s;
  const meter = await stripe.billing.meters.create({
    display_name: "SMS",
    event_name: "switchboard_sms_out",
    default_aggregation: { formula: "sum" },
  });
  const product = await stripe.products.create({ name: "Switchboard", tax_code: "txcd_10000000" });
  const recurring = { interval: "month" } as const;
  const flat = await stripe.prices.create({ product: product.id, currency: "eur", unit_amount: 4900, recurring });
  const meteredPrice = (more: Partial<Stripe.PriceCreateParams> = {}) =>
    stripe.prices.create({
      product: product.id,
      currency: "eur",
      unit_amount_decimal: Stripe.Decimal.from("0.01"),
      recurring: { ...recurring, usage_type: "metered", meter: meter.id },
      tax_behavior: "exclusive",
      ...more,
    });
  const metered = await meteredPrice({ lookup_key: "switchboard_sms_out_eur" });
  const { id: customer } = await stripe.customers.create({
    invoice_settings: { default_payment_method: "pm_card_visa" },
  });
  return {
    ...s,
    meter,
    flat,
    metered,
    customer,
    meteredPrice,
    subscribe: (more = {}) =>
      stripe.subscriptions.create({ customer, items: [{ price: flat.id }, { price: metered.id }], ...more }),
    async use(value, timestamp) {
      await stripe.billing.meterEvents.create({
        event_name: "switchboard_sms_out",
        payload: { stripe_customer_id: customer, value: String(value) },
        ...(timestamp !== undefined && { timestamp }),
      });
    },
    async at(seconds) {
      const { status, answer } = await s.control("/_sim/clock", { now: seconds });
      if (status !== 200) throw new Error(`Cannot move the clock: ${JSON.stringify(answer)}`);
    },
    invoices: async () => (await stripe.invoices.list({ customer, limit: 100 })).data.reverse(),
  };
}
