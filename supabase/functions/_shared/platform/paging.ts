import * as z from "zod";
import { fromBase64Url, toBase64Url, toBytes } from "./encoding.ts";

/** The parameter for the length of a page. */
export function limitParameter(most: number, usual: number) {
  return z.coerce.number<number>().int().min(1).max(most).default(usual)
    .describe(`1 to ${most}; ${usual} unless given`);
}

/**
 * The parameter for the cursor: the key of the last row of the page before, as JSON in base64url. Callers treat it as
 * opaque, and it is checked like any other input.
 */
export function cursorParameter<Key extends z.ZodType>(key: Key) {
  return z.string().max(500).transform((text, context) => {
    const parsed = key.safeParse(readCursor(text));
    if (parsed.success) return parsed.data;
    context.addIssue({ code: "custom", message: "must be the `next` of an earlier page" });
    return z.NEVER;
  }).optional().describe("The next of the page before");
}

/** The cursor in a response. */
export const nextSchema = z.string().nullable().describe("The cursor of the next page; null on the last");

/**
 * A page of a list.
 * @param rows at most `limit` rows
 * @param itemOf a row as callers see it
 * @param nextOf the cursor of the page after this row
 */
export function page<Row, Item, Next>(
  rows: readonly Row[],
  limit: number,
  itemOf: (row: Row) => Item,
  nextOf: (last: Row) => Next,
): { items: Item[]; next: Next | null } {
  const last = rows.at(-1);
  const isFull = last !== undefined && rows.length === limit;
  return { items: rows.map(itemOf), next: isFull ? nextOf(last) : null };
}

export function writeCursor(key: readonly (string | number)[]): string {
  return toBase64Url(toBytes(JSON.stringify(key)));
}

function readCursor(text: string): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(fromBase64Url(text)));
  } catch {
    return undefined;
  }
}
