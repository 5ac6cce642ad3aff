import type V1 from "twilio/lib/rest/pricing/V1.js";
import { PhoneNumberListInstance } from "twilio/lib/rest/pricing/v1/phoneNumber.js";
import * as z from "zod";
import { type TwilioOptions, versionAt } from "./client.ts";
import { productBaseUrl } from "./product-url.ts";

/** The monthly price of a number of each type in one country. */
export interface NumberPrices {
  /** ISO 4217, as in USD. */
  currency: string;
  /** The price as text, by Twilio's name of the type: `local`, `mobile`, `toll free`. */
  byType: ReadonlyMap<string, string>;
}

// The SDK types prices as numbers; Twilio sends them as text.
const countrySchema = z.object({
  priceUnit: z.string().transform((unit) => unit.toUpperCase()),
  phoneNumberPrices: z.array(z.object({ numberType: z.string(), currentPrice: z.coerce.string() })),
});

/**
 * Prices of numbers in a country (ISO 3166), as the account in `options`. Errors are as in errors.ts: 404 for a country in
 * which Twilio sells no numbers.
 * Source: https://www.twilio.com/docs/phone-numbers/pricing
 */
export async function numberPrices(country: string, options: TwilioOptions): Promise<NumberPrices> {
  const v1 = versionAt(productBaseUrl("pricing", options.apiBaseUrl), "v1", options) as V1.default;
  const found = await PhoneNumberListInstance(v1).countries(country).fetch();
  const { priceUnit, phoneNumberPrices } = countrySchema.parse(found);
  const byType = new Map(phoneNumberPrices.map((price) => [price.numberType, price.currentPrice]));
  return { currency: priceUnit, byType };
}
