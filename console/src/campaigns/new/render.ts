import { type Measure, measure } from "../../send-message/segments.ts";
import { placeholdersOf, type Recipient } from "./recipients.ts";

/** Part of a text: as it is written, or the value of a placeholder. */
export interface Part {
  text: string;
  /** The column of a value; null for written text. */
  column: string | null;
  /** Whether the recipient has no value for it. */
  isMissing: boolean;
}

/** The placeholder of `template.ts` of the server. */
const PLACEHOLDER = /\{\{([^{}]{1,128})\}\}/gu;

/** A recipient's text in parts, as `private.render_text` of the server makes it: a placeholder within a value is text. */
export function partsOf(body: string, { values }: Pick<Recipient, "values">, columns: readonly string[]): Part[] {
  const columnOf = new Map(placeholdersOf(body, columns).map(({ written, column }) => [written, column]));
  const parts: Part[] = [];
  let end = 0;
  const write = (text: string) => text !== "" && parts.push({ text, column: null, isMissing: false });
  for (const { 0: placeholder, 1: written, index } of body.matchAll(PLACEHOLDER)) {
    write(body.slice(end, index));
    const column = columnOf.get(written!) ?? null;
    const value = column === null ? null : values[column] ?? null;
    parts.push({ text: value ?? placeholder, column: column ?? written!, isMissing: value === null });
    end = index + placeholder.length;
  }
  write(body.slice(end));
  return parts;
}

export function textOf(parts: readonly Part[]): string {
  return parts.map(({ text }) => text).join("");
}

/** The characters of GSM-7. Those of the second group need two places. */
const PLAIN = /^[@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&'()*+,\-./0-9:;<=>?¡A-ZÄÖÑÜ§¿a-zäöñüà^{}\\[~\]|€\f]*$/;
const DOUBLE = /[\^{}\\[~\]|€\f]/g;

/** About how much of a segment a text needs: exact enough to compare texts, and a hundred times faster than measuring. */
function weight(text: string): number {
  return PLAIN.test(text) ? (text.length + (text.match(DOUBLE)?.length ?? 0)) / 153 : text.length / 67;
}

/** The recipient whose message is the longest to send. */
export interface Longest {
  index: number;
  measure: Measure;
  length: number;
}

/** Finds the longest message of all recipients; null without any. */
export function longestOf(body: string, recipients: readonly Recipient[], columns: readonly string[]): Longest | null {
  let index = -1;
  let heaviest = -1;
  const isSame = placeholdersOf(body, columns).length === 0;
  for (const [at, recipient] of recipients.entries()) {
    const found = weight(textOf(partsOf(body, recipient, columns)));
    if (found > heaviest) [heaviest, index] = [found, at];
    if (isSame) break;
  }
  if (index === -1) return null;
  const text = textOf(partsOf(body, recipients[index]!, columns));
  return { index, measure: measure(text), length: text.length };
}

/** How many recipients have an empty cell in a column that the text uses, by column. */
export function blanksOf(
  body: string,
  recipients: readonly Recipient[],
  columns: readonly string[],
): { column: string; count: number }[] {
  return placeholdersOf(body, columns).flatMap(({ column }) => {
    if (column === null) return [];
    const count = recipients.filter(({ values }) => (values[column] ?? "") === "").length;
    return count === 0 ? [] : [{ column, count }];
  });
}
