import { partsOf } from "../platform/marks.ts";

/** How much of the text before the match is shown. */
const BEFORE = 24;

/** The part of a text that begins shortly before the first match, at a word; the whole text if that is near its start. */
export function excerptOf(text: string, search: string): string {
  const parts = partsOf(text, search);
  const first = parts.findIndex(({ isMatch }) => isMatch);
  const before = parts.slice(0, Math.max(first, 0)).map(({ text }) => text).join("");
  if (before.length <= BEFORE * 2) return text;
  const from = before.length - BEFORE;
  const word = before.slice(from).search(/(?<=\s)\S/);
  return `…${text.slice(word === -1 ? from : from + word)}`.toWellFormed();
}
