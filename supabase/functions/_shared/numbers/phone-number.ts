import * as z from "zod";

/** A phone number in E.164. */
export const e164Schema = z.string().regex(
  /^\+[1-9][0-9]{6,14}$/,
  "must be a phone number in international form (+ and country code)",
);

/** A phone number in a query, where an unencoded `+` arrives as a blank. */
export const phoneNumberInQuery = z.string().min(2).max(64).transform((text) => text.replace(/^ /, "+"));

/** A country in ISO 3166. */
export const countrySchema = z.string().regex(/^[A-Z]{2}$/, "must be two capital letters (ISO 3166)");
