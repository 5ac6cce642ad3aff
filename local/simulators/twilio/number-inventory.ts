import { ApiError } from "./errors.ts";
import { COUNTRIES, NUMBER_BLOCKS, type NumberBlock } from "./number-places.ts";

/** A number that can be bought. */
export interface OfferedNumber {
  phoneNumber: string;
  block: NumberBlock;
}

/** Numbers per block: the counters for exchange and line repeat together only after this many. */
const PER_BLOCK = 20_000;
const NANP_EXCHANGES = 800;

/**
 * Yields the available numbers of `blocks`, one per block in turn, without those in `taken`. The order is always the
 * same.
 */
export function* offeredNumbers(blocks: NumberBlock[], taken: ReadonlySet<string>): Generator<OfferedNumber> {
  for (let index = 0; index < PER_BLOCK; index++) {
    for (const block of blocks) {
      const phoneNumber = numberAt(block, index);
      if (phoneNumber && !taken.has(phoneNumber)) yield { phoneNumber, block };
    }
  }
}

/** Returns the block of a number. Any valid North American number has one, so it can be bought without a search. */
export function blockOf(phoneNumber: string): NumberBlock | undefined {
  const known = NUMBER_BLOCKS.find((block) =>
    phoneNumber.startsWith(prefixOf(block)) && phoneNumber.length === prefixOf(block).length + block.digits
  );
  return known ?? genericNanpBlock(phoneNumber);
}

/** Formats a North American number as `(415) 555-2671`. Returns any other number unchanged. */
export function friendlyNumber(phoneNumber: string): string {
  const parts = /^\+1(\d{3})(\d{3})(\d{4})$/.exec(phoneNumber);
  return parts ? `(${parts[1]}) ${parts[2]}-${parts[3]}` : phoneNumber;
}

/** Converts a `Contains` pattern to a regular expression: digits, keypad letters, and `*` for any digit. */
export function containsPattern(pattern: string): RegExp {
  const digits = pattern.toUpperCase().replace(/[^0-9A-Z*]/g, "").replace(/[A-Z]/g, keypadDigit);
  return new RegExp(digits.replaceAll("*", "\\d"));
}

/** Validates an area code. @throws ApiError 21451 if it does not have three digits */
export function wantedAreaCode(text: string | null): string | null {
  if (text !== null && !/^\d{3}$/.test(text)) throw new ApiError(21451, `Invalid area code '${text}'`);
  return text;
}

function keypadDigit(letter: string): string {
  return "22233344455566677778889999"[letter.charCodeAt(0) - 65] ?? "";
}

function prefixOf(block: NumberBlock): string {
  return `+${COUNTRIES[block.country]?.callingCode}${block.prefix}`;
}

function numberAt(block: NumberBlock, index: number): string | undefined {
  const salt = Number(block.prefix);
  if (COUNTRIES[block.country]?.callingCode !== "1") {
    const space = 10 ** block.digits;
    const subscriber = (index * 7919 + salt * 104_729) % space;
    return index < space ? prefixOf(block) + String(subscriber).padStart(block.digits, "0") : undefined;
  }
  const exchange = String(200 + (index * 37 + salt * 7) % NANP_EXCHANGES);
  const line = String((index * 7919 + salt * 104_729) % 10_000).padStart(4, "0");
  // N11 exchanges are service codes, and 555 is reserved for fiction.
  return exchange.endsWith("11") || exchange === "555" ? undefined : prefixOf(block) + exchange + line;
}

function genericNanpBlock(phoneNumber: string): NumberBlock | undefined {
  const areaCode = /^\+1([2-9]\d\d)[2-9]\d{6}$/.exec(phoneNumber)?.[1];
  const model = NUMBER_BLOCKS[0];
  if (!areaCode || !model) return undefined;
  const nowhere = { locality: null, region: null, postalCode: null, latitude: null, longitude: null };
  return { ...model, ...nowhere, prefix: areaCode };
}
