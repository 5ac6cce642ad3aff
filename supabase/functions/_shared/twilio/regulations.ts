import type V2 from "twilio/lib/rest/numbers/V2.js";
import { RegulationListInstance } from "twilio/lib/rest/numbers/v2/regulatoryCompliance/regulation.js";
import { type TwilioOptions, versionAt } from "./client.ts";
import { productBaseUrl } from "./product-url.ts";

/** Twilio's names of the types in its regulations. */
const REGULATED_AS = { local: "local", mobile: "mobile", tollFree: "toll-free" } as const;

/**
 * Whether a country (ISO 3166) regulates the owners of its numbers of a type: Twilio sells those with an approved regulatory
 * bundle only, else it answers 21649.
 * Source: https://www.twilio.com/docs/phone-numbers/regulatory/api/regulations
 */
export async function isRegulated(
  { country, type }: { country: string; type: keyof typeof REGULATED_AS },
  options: TwilioOptions,
): Promise<boolean> {
  const v2 = versionAt(productBaseUrl("numbers", options.apiBaseUrl), "v2", options) as V2.default;
  const found = await RegulationListInstance(v2).list({
    isoCountry: country,
    numberType: REGULATED_AS[type],
    limit: 1,
  });
  return found.length > 0;
}
