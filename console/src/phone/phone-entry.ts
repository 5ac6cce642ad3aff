import { type CountryCode, getCountries, getCountryCallingCode } from "libphonenumber-js/max";
import { readPhoneNumber } from "../../../supabase/functions/_shared/numbers/read-phone-number.ts";

// What a person types is read by the server's own rule, with all metadata of the library: 45 KB of gzip. Import this file
// where a number is typed, not where one is shown.

export interface EnteredNumber {
  /** E.164. */
  number: string;
  /** ISO 3166. */
  country: string;
}

/** Reads a number in international form, or in the national form of a country; null if the text is not one. */
export function readEntry(text: string, country: string): EnteredNumber | null {
  return readPhoneNumber(text.trim(), country);
}

export interface Country {
  /** ISO 3166. */
  code: string;
  /** In the reader's language. */
  name: string;
  /** Without `+`. */
  callingCode: string;
}

const names = new Intl.DisplayNames(undefined, { type: "region" });

/** The country of a code; its name is the code where it is unknown, such as for satellite phones. */
export function countryName(code: string): string {
  return code === "ZZ" ? "" : names.of(code) ?? code;
}

/** All countries with phone numbers, by name. */
export function countries(): Country[] {
  return getCountries().map((code: CountryCode) => ({
    code,
    name: countryName(code),
    callingCode: getCountryCallingCode(code),
  })).sort((a, b) => a.name.localeCompare(b.name));
}
