import { ApiError } from "./errors.ts";
import { COUNTRIES, NUMBER_BLOCKS, type NumberBlock } from "./number-places.ts";

/** A number on sale. */
export interface OfferedNumber {
  phoneNumber: string;
  block: NumberBlock;
}

/** Numbers per block: two coprime-stepped counters repeat only after this many. */
const PER_BLOCK = 20_000;
const NANP_EXCHANGES = 800;

/**
 * The numbers on sale in `blocks`, always the same ones in the same order, one block after the other in turn,
 * without those already `taken`. Lazy: a caller takes as many as it needs.
 */
export function* offeredNumbers(blocks: NumberBlock[], taken: ReadonlySet<string>): Generator<OfferedNumber> {
  for (let index = 0; index < PER_BLOCK; index++) {
    for (const block of blocks) {
      const phoneNumber = numberAt(block, index);
      if (phoneNumber && !taken.has(phoneNumber)) yield { phoneNumber, block };
    }
  }
}

/** The block a number belongs to, so that any well-formed number can be bought, not only those a search offers. */
export function blockOf(phoneNumber: string): NumberBlock | undefined {
  const known = NUMBER_BLOCKS.find((block) =>
    phoneNumber.startsWith(prefixOf(block)) && phoneNumber.length === prefixOf(block).length + block.digits
  );
  return known ?? genericNanpBlock(phoneNumber);
}

/** `(415) 555-2671` in North America, the number itself elsewhere. */
export function friendlyNumber(phoneNumber: string): string {
  const parts = /^\+1(\d{3})(\d{3})(\d{4})$/.exec(phoneNumber);
  return parts ? `(${parts[1]}) ${parts[2]}-${parts[3]}` : phoneNumber;
}

/** Whether a search for `pattern` finds a number: digits, letters as on a keypad, `*` for any one digit. */
export function containsPattern(pattern: string): RegExp {
  const digits = pattern.toUpperCase().replace(/[^0-9A-Z*]/g, "").replace(/[A-Z]/g, keypadDigit);
  return new RegExp(digits.replaceAll("*", "\\d"));
}

/** The area code asked for; Twilio's 21451 when it is none. */
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
  // N11 exchanges are service codes and 555 is fiction's.
  return exchange.endsWith("11") || exchange === "555" ? undefined : prefixOf(block) + exchange + line;
}

function genericNanpBlock(phoneNumber: string): NumberBlock | undefined {
  const areaCode = /^\+1([2-9]\d\d)[2-9]\d{6}$/.exec(phoneNumber)?.[1];
  const model = NUMBER_BLOCKS[0];
  if (!areaCode || !model) return undefined;
  const nowhere = { locality: null, region: null, postalCode: null, latitude: null, longitude: null };
  return { ...model, ...nowhere, prefix: areaCode };
}
