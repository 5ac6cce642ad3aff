/** A part of a text, and whether it matches. */
export interface TextPart {
  text: string;
  isMatch: boolean;
}

/** Shorter runs of digits are no search of a number. */
const SHORTEST_NUMBER = 3;
const WORDS = /[\p{L}\p{N}]+/gu;

/**
 * Splits a text into the parts that match a search and those that do not: the beginnings of words, regardless of case and
 * accents, or three or more digits in a row, with any characters between them. The parts together are the text.
 */
export function partsOf(text: string, search: string): TextPart[] {
  const marks = new Set<number>();
  const characters = [...text].map((character) => ({ character, folded: fold(character) }));
  for (const word of fold(search).match(WORDS) ?? []) markWord(characters, word, marks);
  const digits = search.replace(/\D/g, "");
  if (digits.length >= SHORTEST_NUMBER) markDigits(characters, digits, marks);
  const parts: TextPart[] = [];
  for (const [index, { character }] of characters.entries()) {
    const isMatch = marks.has(index);
    const last = parts.at(-1);
    if (last?.isMatch === isMatch) last.text += character;
    else parts.push({ text: character, isMatch });
  }
  return parts;
}

/** Whether every word of a search is the beginning of a word of the text. */
export function matchesSearch(text: string, search: string): boolean {
  const words = fold(text).match(WORDS) ?? [];
  return (fold(search).match(WORDS) ?? []).every((beginning) => words.some((word) => word.startsWith(beginning)));
}

interface Folded {
  character: string;
  /** Without case and accents; possibly several characters, or none. */
  folded: string;
}

function fold(text: string): string {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}

const isWordCharacter = (folded: string | undefined) => folded !== undefined && /[\p{L}\p{N}]/u.test(folded);
/** A separate accent belongs to the character before it. */
const isAccent = (folded: string | undefined) => folded === "";

function markWord(characters: readonly Folded[], word: string, marks: Set<number>): void {
  for (const start of characters.keys()) {
    const before = characters[start - 1]?.folded;
    if (!isWordCharacter(characters[start]!.folded) || isWordCharacter(before) || isAccent(before)) continue;
    let end = start;
    let seen = "";
    while (seen.length < word.length && end < characters.length) seen += characters[end++]!.folded;
    if (seen.startsWith(word)) { for (let index = start; index < end; index++) marks.add(index); }
  }
}

function markDigits(characters: readonly Folded[], digits: string, marks: Set<number>): void {
  const places = [...characters.keys()].filter((index) => /^\d$/.test(characters[index]!.character));
  const all = places.map((index) => characters[index]!.character).join("");
  for (let at = all.indexOf(digits); at !== -1; at = all.indexOf(digits, at + 1)) {
    const matched = places.slice(at, at + digits.length);
    // What is written between the digits belongs to the number only as long as it cannot be another word.
    const between = characters.slice(matched[0], matched.at(-1)! + 1).map(({ character }) => character).join("");
    if (/^[\d\s().+/-]+$/.test(between)) { for (const index of matched) marks.add(index); }
  }
}
