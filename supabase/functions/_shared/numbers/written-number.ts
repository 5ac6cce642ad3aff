/** The digits of a text that is written as one phone number. Without a numbering plan, so it loads nothing. */
export interface WrittenNumber {
  isInternational: boolean;
  /** All digits in order, except `trunkZero`. */
  digits: string;
  /** A 0 in parentheses after the country code, as in +49 (0)151, is not dialed. Its position among the digits. */
  trunkZero: number | null;
  /** Where a separator stands among the digits, and which. */
  breaks: readonly { at: number; separator: string }[];
  /** How many digits stand before and after the parentheses. */
  parentheses: { before: number; after: number } | null;
}

/** Longer than a number with 15 digits and a separator after each. */
const LONGEST = 64;

/**
 * Reads the notation of one phone number; null for anything else. The grammar, after `cleaned`:
 *
 *     number    = [ "+" [ separator ] / "(+" 1*3 digit ")" ] [ groups [ separator ] ] [ "(" 1*6( digit [ separator ] ) ")" [ separator ] ] groups
 *     groups    = 1*digit *( separator 1*digit )
 *     separator = one run of blanks and dashes, which may hold one "." or one "/"
 *
 * At most one "/" is allowed. Letters, "#", ",", ";", "'", a second "+", further parentheses and a line break inside the
 * text are in no number: they announce an extension, a second number, a fraction or a remark.
 */
export function writtenNumber(text: string): WrittenNumber | null {
  if (text.length > LONGEST) return null;
  const parts = /^(\+)?[ -]?([^()+]*)(?:\(((?:\d[- ]?){1,6})\)([^()+]+))?$/.exec(withShortSeparators(cleaned(text)));
  if (parts === null) return null;
  const [, plus, first = "", parenthesized, last = ""] = parts;
  const inside = parenthesized?.replace(/[- ]/g, "");
  const isTrunkZero = inside?.startsWith("0") === true && /\d/.test(first);
  const head = groupsOf(first.replace(/[-. /]$/, ""));
  const middle = groupsOf(isTrunkZero ? inside.slice(1) : inside ?? "");
  const tail = groupsOf(last.replace(/^[- ]/, ""));
  if (head === null || middle === null || tail === null || (inside !== undefined && tail.digits === "")) return null;
  const digits = head.digits + middle.digits + tail.digits;
  const before = head.digits.length;
  const breaks = [
    ...head.breaks,
    ...tail.breaks.map(({ at, separator }) => ({ at: at + before + middle.digits.length, separator })),
  ];
  if (digits === "" || breaks.filter(({ separator }) => separator === "/").length > 1) return null;
  return {
    isInternational: plus !== undefined,
    digits,
    trunkZero: isTrunkZero ? before : null,
    breaks,
    parentheses: inside === undefined ? null : { before, after: tail.digits.length },
  };
}

/**
 * The text in ASCII and without what is harmless in a number: invisible characters anywhere, blanks, dashes and line
 * breaks at its ends. Every blank becomes " ", every dash "-", every script's decimal digit its ASCII digit.
 */
function cleaned(text: string): string {
  return text
    // Format characters and others without a shape, such as variation selectors.
    .replace(/[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu, "")
    .replace(/[\p{Zs}\t\u2800]/gu, " ")
    .replace(/[\p{Dash}\u02d7\u2043\u2796\u30fc\uff70]/gu, "-")
    .replace(/\p{Nd}/gu, digitOf)
    .replace(/[\uff08\uff09\uff0b\uff0e\uff0f\ufe59\ufe5a\ufe62]/g, (wide) => wide.normalize("NFKC"))
    .replace(/^[-\s\u0085]+|[-\s\u0085]+$/g, "")
    .replace(/^\( ?(\+ ?\d{1,3}) ?\)/, "$1 ");
}

/** The ASCII digit for a decimal digit of any script: Unicode encodes 0 to 9 in order, in runs of whole tens. */
function digitOf(character: string): string {
  const codePoint = character.codePointAt(0)!;
  let first = codePoint;
  while (/\p{Nd}/u.test(String.fromCodePoint(first - 1))) first--;
  return String((codePoint - first) % 10);
}

/** One character for each run of separators: the "." or "/" in it, else "-" if it holds one. Two marks are in no number. */
function withShortSeparators(text: string): string {
  return text.replace(/[-. /]+/g, (run) => {
    const marks = run.replace(/[- ]/g, "");
    return marks !== "" ? marks : run.includes("-") ? "-" : " ";
  });
}

function groupsOf(text: string): Pick<WrittenNumber, "digits" | "breaks"> | null {
  if (text === "") return { digits: "", breaks: [] };
  if (!/^\d+(?:[-. /]\d+)*$/.test(text)) return null;
  const breaks: { at: number; separator: string }[] = [];
  let at = 0;
  for (const character of text) {
    if (/\d/.test(character)) at++;
    else breaks.push({ at, separator: character });
  }
  return { digits: text.replace(/\D/g, ""), breaks };
}
