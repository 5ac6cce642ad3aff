/** Whether Postgres can store a text: it cannot store a NUL or half of a surrogate pair. */
export function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes("\0");
}

/** The text with U+FFFD in place of what Postgres cannot store, for input that must be kept. */
export function storable(text: string): string {
  return text.toWellFormed().replaceAll("\0", "\ufffd");
}

/** As `storable`, for every string in a JSON value, including the names of fields. */
export function storableJson(value: unknown): unknown {
  if (typeof value === "string") return storable(value);
  if (Array.isArray(value)) return value.map(storableJson);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [storable(name), storableJson(field)]));
}

/** What XML 1.0 cannot carry: most control characters, U+FFFE, U+FFFF and half of a surrogate pair. */
const NOT_XML = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu;

/** The characters of a text that XML cannot carry, each once, as "U+000B". */
export function notInXml(text: string): string[] {
  const codes = Array.from(text.matchAll(NOT_XML), ([character]) => character.codePointAt(0)!);
  return [...new Set(codes)].map((code) => `U+${code.toString(16).toUpperCase().padStart(4, "0")}`);
}

/** The text without what XML cannot carry, for a text that is stored already. */
export function xmlText(text: string): string {
  return text.replace(NOT_XML, "");
}

/**
 * Whether a text shows nothing: it is empty, or has only white space, control, format and other invisible characters, such as
 * Hangul fillers and the blank Braille pattern.
 */
export function isBlank(text: string): boolean {
  return /^[\p{White_Space}\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800\u{1d159}]*$/u.test(text);
}

/** For a schema's `refine` on a text that people are to see. */
export const BLANK_TEXT = "must hold a visible character";
