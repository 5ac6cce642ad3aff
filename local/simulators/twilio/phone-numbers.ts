import { parsePhoneNumberFromString as parseWithTypes } from "libphonenumber-js/max";
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

/** Whether a number is a landline of a country where landlines and mobile numbers can be told apart. */
export function isLandline(phoneNumber: string): boolean {
  return parseWithTypes(phoneNumber)?.getType() === "FIXED_LINE";
}
