import { parsePhoneNumberFromString } from "libphonenumber-js/min";

// The small metadata of the library formats numbers as the large one does. Reading what a person types needs the large one: see
// `phone-entry.ts`.

/** Formats `+14155550100` as `+1 415 555 0100`. Short codes and alphanumeric senders are returned unchanged. */
export function readable(phoneNumber: string): string {
  return parsePhoneNumberFromString(phoneNumber)?.formatInternational() ?? phoneNumber;
}

/** The country (ISO 3166) of a number in E.164; null if it is not known. */
export function countryOf(phoneNumber: string): string | null {
  return parsePhoneNumberFromString(phoneNumber)?.country ?? null;
}

/** Whether it is a phone number in E.164, and not a short code or a name. */
export function isE164(text: string): boolean {
  return /^\+[1-9]\d{3,14}$/.test(text);
}
