import { parsePhoneNumberFromString } from "libphonenumber-js/min";

/** Formats `+14155550100` as `+1 415 555 0100`. Short codes and alphanumeric senders are returned unchanged. */
export function readable(phoneNumber: string): string {
  return parsePhoneNumberFromString(phoneNumber)?.formatInternational() ?? phoneNumber;
}

/** The number in E.164, or null if the text cannot be one. Like the server, this checks only the format. */
export function toE164(text: string): string | null {
  const number = /^\+[\d\s().-]+$/.test(text.trim()) ? parsePhoneNumberFromString(text) : undefined;
  return number?.isPossible() ? number.number : null;
}
