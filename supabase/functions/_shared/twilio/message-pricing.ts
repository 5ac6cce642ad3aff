import type V1 from "twilio/lib/rest/pricing/V1.js";
import { MessagingListInstance } from "twilio/lib/rest/pricing/v1/messaging.js";
import * as z from "zod";
import { type TwilioOptions, versionAt } from "./client.ts";
import { productBaseUrl } from "./product-url.ts";

/** What Twilio lists for sending messages, by country (ISO 3166). There are no prices of MMS in it. */
export interface MessagePricing {
  /** The countries that Twilio sends to. */
  countries(): Promise<string[]>;
  /** The highest price of a segment among the carriers of a country; null if there is none. */
  segmentPrice(country: string): Promise<ListedPrice | null>;
}

/** An amount as text, in a currency; an empty unit when Twilio names none. */
export interface ListedPrice {
  price: string;
  unit: string;
}

// The SDK types prices as numbers; Twilio sends them as text.
const countrySchema = z.object({
  priceUnit: z.string().nullish(),
  outboundSmsPrices: z.array(z.object({
    prices: z.array(z.object({ current_price: z.coerce.string().regex(/^\d+(\.\d+)?$/) })),
  })),
});

/**
 * The price list of the account in `options`. Errors are as in errors.ts: 404 for a country that Twilio does not know.
 * Source: https://www.twilio.com/docs/messaging/api/pricing
 */
export function messagePricing(options: TwilioOptions): MessagePricing {
  const v1 = versionAt(productBaseUrl("pricing", options.apiBaseUrl), "v1", options) as V1.default;
  const { countries } = MessagingListInstance(v1);
  return {
    countries: async () => (await countries.list({ pageSize: 1000 })).map(({ isoCountry }) => isoCountry),
    async segmentPrice(country) {
      const { priceUnit, outboundSmsPrices } = countrySchema.parse(await countries(country).fetch());
      const prices = outboundSmsPrices.flatMap((carrier) => carrier.prices.map((price) => price.current_price));
      if (prices.length === 0) return null;
      const price = prices.reduce((high, price) => Number(price) > Number(high) ? price : high);
      return { price, unit: (priceUnit ?? "").toUpperCase() };
    },
  };
}
