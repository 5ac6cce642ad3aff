import { parsePhoneNumberFromString } from "libphonenumber-js/max";

/** A number's country, and Twilio's names of the types that it may be sold as. */
export interface NumberType {
  /** ISO 3166. */
  country: string;
  /** As in `NumberPrices`; null when the numbering plan does not tell. */
  types: readonly string[] | null;
}

/**
 * Reads the type of a phone number (E.164) from its country's numbering plan; null without a country. This module loads the
 * types of all numbering plans, which are as large as all other code of a function: import it when it is needed.
 */
export function numberTypeOf(phoneNumber: string): NumberType | null {
  const number = parsePhoneNumberFromString(phoneNumber);
  const country = number?.country ?? number?.getPossibleCountries()[0];
  if (number === undefined || country === undefined) return null;
  return { country, types: typesOf(number.getType()) };
}

function typesOf(type: ReturnType<NonNullable<ReturnType<typeof parsePhoneNumberFromString>>["getType"]>) {
  switch (type) {
    case "FIXED_LINE":
      return ["local", "national"];
    case "MOBILE":
      return ["mobile"];
    case "FIXED_LINE_OR_MOBILE":
      return ["local", "mobile"];
    case "TOLL_FREE":
      return ["toll free"];
    default:
      return null;
  }
}
