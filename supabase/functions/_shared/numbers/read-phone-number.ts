import { type CountryCode, Metadata, parsePhoneNumberFromString, type PhoneNumber } from "libphonenumber-js/max";
import { type WrittenNumber, writtenNumber } from "./written-number.ts";

export interface ReadPhoneNumber {
  /** E.164. */
  number: string;
  /** ISO 3166. Where several countries share a code, the main one. */
  country: string;
}

/**
 * Reads exactly the phone number that was written, in any notation of `writtenNumber`; null for anything else. The digits
 * of the result are those of the text. Only a trunk zero in parentheses and, with a default country, its national or
 * international prefix are replaced. Of the number itself only the form is checked (`isPossible`): Twilio reports with its
 * own code whether the number exists.
 *
 * @param defaultCountry the country (ISO 3166) of a number without `+`; without one, only the international form is read
 * @example readPhoneNumber("+49 (0)151 234-56789") // { number: "+4915123456789", country: "DE" }
 * @example readPhoneNumber("0151 23456789", "DE") // the same
 * @example readPhoneNumber("+4915123456789.0") // null
 */
export function readPhoneNumber(text: string, defaultCountry?: string): ReadPhoneNumber | null {
  const written = writtenNumber(text);
  if (written === null || (!written.isInternational && defaultCountry === undefined)) return null;
  const country = defaultCountry as CountryCode | undefined;
  const number = exactly(written, written.digits, country);
  if (number === null || !isPlausible(written, number, country)) return null;
  return { number: number.number, country: countryOf(number) };
}

/** The country of a number in E.164, ISO 3166; null if it is not a phone number, such as a short code. */
export function countryOfNumber(e164: string): string | null {
  const number = e164.startsWith("+") ? parsePhoneNumberFromString(e164) : undefined;
  return number?.isPossible() ? countryOf(number) : null;
}

function countryOf(number: PhoneNumber): string {
  return number.country ?? number.getPossibleCountries()[0] ?? UNKNOWN_COUNTRY;
}

/** Satellite phones, for example. On no list of countries. */
const UNKNOWN_COUNTRY = "ZZ";

/** The number that has exactly these digits; null if the library reads another one, or none that is possible. */
function exactly(
  { isInternational }: WrittenNumber,
  digits: string,
  country: CountryCode | undefined,
): PhoneNumber | null {
  const number = isInternational
    ? parsePhoneNumberFromString(`+${digits}`)
    : parsePhoneNumberFromString(digits, { defaultCountry: country!, extract: false });
  if (number === undefined || !number.isPossible()) return null;
  const isExact = isInternational
    ? number.number === `+${digits}`
    : isNationalForm(number, digits) || prefixOf(number, digits, country!) !== null;
  return isExact ? number : null;
}

/**
 * Whether the digits are the number's national form, with its prefix: without the 0 of most countries they can be a local
 * number of any town.
 */
function isNationalForm(number: PhoneNumber, digits: string): boolean {
  if (digits === number.formatNational().replace(/\D/g, "")) return true;
  const prefix = planOf(number.country)?.nationalPrefix();
  return typeof prefix === "string" && digits === prefix + number.nationalNumber;
}

/** What stands before the number's country code: the country's international prefix, such as 00; null if something else does. */
function prefixOf(number: PhoneNumber, digits: string, country: CountryCode): string | null {
  const international = number.number.slice(1);
  if (!digits.endsWith(international)) return null;
  const prefix = digits.slice(0, -international.length);
  return new RegExp(`^(?:${planOf(country)?.IDDPrefix() ?? "00"})$`).test(prefix) ? prefix : null;
}

/** What the library's types leave out of a numbering plan. */
interface NumberingPlan {
  nationalPrefix(): string | undefined;
  IDDPrefix(): string | undefined;
  possibleLengths(): number[] | undefined;
}

function planOf(country: CountryCode | undefined): NumberingPlan | null {
  if (country === undefined) return null;
  const metadata = new Metadata() as Metadata & { numberingPlan: NumberingPlan };
  metadata.selectNumberingPlan(country);
  return metadata.numberingPlan;
}

/** Whether separators and parentheses stand where they do in one number, so that no part of it is a remark. */
function isPlausible(written: WrittenNumber, number: PhoneNumber, country: CountryCode | undefined): boolean {
  const { isInternational, digits, trunkZero, breaks, parentheses } = written;
  const prefix = isInternational ? "" : prefixOf(number, digits, country!);
  /** How many digits stand before the national number: none if the text is in national form. */
  const code = prefix === null ? 0 : prefix.length + number.countryCallingCode.length;
  if (trunkZero !== null && (trunkZero !== code || !hasTrunkZero(number))) return false;
  if (parentheses !== null && (parentheses.before > code + 1 || parentheses.after < 4)) return false;
  const lengths = breaks.length === 0 || code === 0 ? undefined : planOf(number.country)?.possibleLengths();
  const dots = breaks.filter(({ separator }) => separator === ".").length;
  return breaks.every(({ at, separator }, index) => {
    const left = digits.length - at;
    // A fraction: 4.915123456789, 0.15123456789, or 491512345678.9.
    if (separator === "." && (code === 0 ? breaks.length === 1 : at < code || (left < 4 && dots === 1))) return false;
    // An area code, not a second number.
    if (separator === "/" && (at > code + LONGEST_AREA_CODE || left < 4)) return false;
    if (lengths !== undefined && !lengths.includes(at - code)) return true;
    const start = breaks[index - 1]?.at ?? 0;
    return !isRemark(written, number, { at, left, run: at - start, isFirst: index === 0, separator }, country);
  });
}

const LONGEST_AREA_CODE = 6;

/** Whether 0 is dialed before the national number within its country. */
function hasTrunkZero(number: PhoneNumber): boolean {
  return planOf(number.country)?.nationalPrefix() === "0";
}

/** A separator: after `at` digits, the last `run` of them without another separator, and before `left` digits. */
interface Break {
  at: number;
  left: number;
  run: number;
  isFirst: boolean;
  separator: string;
}

/**
 * Whether what follows a separator is a remark behind a number that is complete without it. If only one of the two is a valid
 * number, it is the one that was meant. Otherwise, a single digit or digits behind a long group are a remark.
 */
function isRemark(
  written: WrittenNumber,
  whole: PhoneNumber,
  { at, left, run, isFirst, separator }: Break,
  country: CountryCode | undefined,
): boolean {
  const part = exactly(written, written.digits.slice(0, at), country);
  if (part === null) return false;
  if (part.isValid() !== whole.isValid()) return part.isValid();
  // A dash and the digits of an extension that is dialed with the number, as in +43 1 58858-0.
  if (separator === "-") return false;
  return left === 1 || run >= (isFirst ? 9 : 7);
}
