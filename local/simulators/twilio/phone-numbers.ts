import { parsePhoneNumberFromString } from "libphonenumber-js/min";

/** Converts a phone number to E.164. A number without a country code is North American. Undefined if invalid. */
export function toE164(text: string): string | undefined {
  const parsed = parsePhoneNumberFromString(text.trim(), "US");
  return parsed?.isPossible() ? parsed.number : undefined;
}

/** Returns the ISO country code of a number, or "" if its prefix does not determine the country. */
export function countryOf(phoneNumber: string): string {
  return parsePhoneNumberFromString(phoneNumber)?.country ?? "";
}
