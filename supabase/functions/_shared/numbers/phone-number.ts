import * as z from "zod";
import { COUNTRIES, problemOfCountry } from "./countries.ts";
import { writtenNumber } from "./written-number.ts";

/**
 * The number in E.164 if the text is one in international form, in any notation; otherwise the text as it is. For numbers
 * that are looked up or bought: only `readPhoneNumber` knows the countries' numbering plans.
 */
export function internationalNumber(text: string): string {
  const written = writtenNumber(text);
  return written?.isInternational && written.trunkZero === null ? `+${written.digits}` : text;
}

/** A phone number in international form, in any notation. Its value is in E.164. */
export const e164Schema = z.string().max(64).overwrite(internationalNumber).refine(
  (text) => E164.test(text),
  "must be a phone number in international form (+ and country code)",
);

const E164 = /^\+[1-9][0-9]{6,14}$/;

/** One side of a conversation in a body. A text that is no number is kept: a short code, or the name of a sender. */
export const numberOrShortCode = z.string().min(2).max(64).overwrite(internationalNumber);

/** A phone number in a query, where an unencoded `+` arrives as a blank. A text that is no number is kept: a short code. */
export const phoneNumberInQuery = z.string().min(2).max(64).overwrite((text) =>
  internationalNumber(unescapedPlus(text))
);

/** A query's text with the `+` at its start that a caller did not encode. */
export function unescapedPlus(text: string): string {
  return text.replace(/^(\p{Cf}*) (?=[ (\p{Cf}]*\p{Nd})/u, "$1+");
}

/**
 * The sender that a text names, in E.164, also in the national form of a default country. A text that is no phone number is
 * returned as it is: no tenant owns it.
 */
export async function senderNumber(text: string, defaultCountry: string | undefined): Promise<string> {
  if (E164.test(text)) return text;
  const { readPhoneNumber } = await import("./read-phone-number.ts");
  return readPhoneNumber(text, defaultCountry)?.number ?? text;
}

/** A country in ISO 3166, also in small letters. */
export const countrySchema = z.string().toUpperCase().refine(
  (text) => COUNTRIES.has(text),
  { error: ({ input }) => problemOfCountry(String(input)) },
);

/** The country of numbers without a country code. */
export const defaultCountrySchema = countrySchema.optional().describe(
  "ISO 3166: the country whose national notation is accepted for numbers without + and country code",
);
