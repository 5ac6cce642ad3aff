import { parsePhoneNumberFromString } from "libphonenumber-js/min";

/** `+1 415 555 0100` for `+14155550100`; what is no number (a short code, a sender's name) stays as it is. */
export function readable(phoneNumber: string): string {
  return parsePhoneNumberFromString(phoneNumber)?.formatInternational() ?? phoneNumber;
}

/** The number in E.164, or null where the text cannot be one. As the server: only the form is judged. */
export function toE164(text: string): string | null {
  const number = /^\+[\d\s().-]+$/.test(text.trim()) ? parsePhoneNumberFromString(text) : undefined;
  return number?.isPossible() ? number.number : null;
}
