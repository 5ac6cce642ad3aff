import { parsePhoneNumberFromString } from "libphonenumber-js/min";

/** A phone number in E.164, or nothing when the text is none. Without a country code it is read as North American. */
export function toE164(text: string): string | undefined {
  const parsed = parsePhoneNumberFromString(text.trim(), "US");
  return parsed?.isPossible() ? parsed.number : undefined;
}

/** The ISO country of a number, where its calling code tells. */
export function countryOf(phoneNumber: string): string {
  return parsePhoneNumberFromString(phoneNumber)?.country ?? "";
}
