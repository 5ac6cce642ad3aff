import { parsePhoneNumberFromString } from "libphonenumber-js/max";
import { readPhoneNumber } from "../../../supabase/functions/_shared/numbers/read-phone-number.ts";

/** Formats `+14155550100` as `+1 415 555 0100`. Short codes and alphanumeric senders are returned unchanged. */
export function readable(phoneNumber: string): string {
  return parsePhoneNumberFromString(phoneNumber)?.formatInternational() ?? phoneNumber;
}

/** The number in E.164, or null if the text is not one: by the server's own rule. */
export function toE164(text: string): string | null {
  return readPhoneNumber(text)?.number ?? null;
}
