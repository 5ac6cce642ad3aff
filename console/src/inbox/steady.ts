import type { Conversation } from "./conversations.ts";
import { idOf } from "./conversation-rows.ts";

/** The number of a list's first row at the beginning: no list grows by as many rows at its top. */
const FIRST_NUMBER = 1_000_000;

/** The rows of a list with the number of the first one. A row in view keeps its number, and with it its place. */
export interface NumberedRows {
  rows: readonly Conversation[];
  firstNumber: number;
}

export function numbered(rows: readonly Conversation[]): NumberedRows {
  return { rows, firstNumber: FIRST_NUMBER };
}

/**
 * Numbers the new rows of a list so that what the reader sees stays in its place, though others came before it.
 * @param inView what is in view, from the top down
 */
export function numberedAgain(
  { rows: before, firstNumber }: NumberedRows,
  rows: readonly Conversation[],
  inView: readonly string[],
): NumberedRows {
  const anchor = anchorOf(before, rows, inView);
  if (anchor === undefined) return { rows, firstNumber };
  return { rows, firstNumber: firstNumber + indexOf(before, anchor) - indexOf(rows, anchor) };
}

/** The first conversation in view that was not moved by a new message. What is in view and no conversation never moves. */
export function anchorOf(
  before: readonly Conversation[],
  rows: readonly Conversation[],
  inView: readonly string[],
): string | undefined {
  const now = new Map(rows.map((row) => [idOf(row), row.lastMessageAt]));
  const known = new Map(before.map((row) => [idOf(row), row.lastMessageAt]));
  return inView.find((id) => known.get(id) === now.get(id));
}

/** The row that is in the place of one that has moved or is gone. */
export function successorOf(
  rows: readonly Conversation[],
  gone: Pick<Conversation, "lastMessageAt">,
): Conversation | undefined {
  return rows.find((row) => row.lastMessageAt < gone.lastMessageAt) ?? rows.at(-1);
}

function indexOf(rows: readonly Conversation[], id: string): number {
  return rows.findIndex((row) => idOf(row) === id);
}
