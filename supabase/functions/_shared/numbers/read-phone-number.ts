import { parsePhoneNumberFromString } from "libphonenumber-js/min";

export interface ReadPhoneNumber {
  /** E.164. */
  number: string;
  /** ISO 3166. Where several countries share a code, the main one. */
  country: string;
}

/**
 * Reads a phone number in international form, in any spelling; null if it is not one. Only the form is checked
 * (`isPossible`): Twilio reports with its own code whether the number exists.
 */
export function readPhoneNumber(text: string): ReadPhoneNumber | null {
  const number = /^\+[\d\s().-]+$/.test(text) ? parsePhoneNumberFromString(text) : undefined;
  if (number === undefined || !number.isPossible()) return null;
  return { number: number.number, country: number.country ?? number.getPossibleCountries()[0] ?? UNKNOWN_COUNTRY };
}

/** Satellite phones, for example. On no list of countries. */
const UNKNOWN_COUNTRY = "ZZ";
