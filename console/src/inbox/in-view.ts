import { useLayoutEffect, useMemo, useRef } from "react";
import type { RefObject } from "react";
import type { Conversation } from "./conversations.ts";
import { anchorOf } from "./steady.ts";

/**
 * The rows of a list that are in view: the one with the focus first, then from the top down. None while the list is at its
 * top, where the reader sees what arrives.
 */
export function rowsInView(scroller: Element | null): HTMLElement[] {
  if (scroller === null || scroller.scrollTop < 1) return [];
  const { top, bottom } = scroller.getBoundingClientRect();
  const rows = [...scroller.querySelectorAll<HTMLElement>("[data-conversation]")].filter((row) => {
    const box = row.getBoundingClientRect();
    return box.bottom > top && box.top < bottom;
  });
  return [...rows.filter((row) => row === document.activeElement), ...rows];
}

/** What a row of a list is known by: a found message's id, or a conversation's. */
export function keyOf({ dataset }: HTMLElement): string {
  return dataset["message"] ?? dataset["conversation"] ?? "";
}

/** Keeps what is in view of a list in its place while conversations come, go and change their order. */
export function useSteadyScroll(scroller: RefObject<HTMLElement | null>, rows: readonly Conversation[]): void {
  const before = useRef(rows);
  // The page has the rows of the last rendering at this time.
  const seen = useMemo(() => new Map(rowsInView(scroller.current).map((row) => [keyOf(row), topOf(row)])), [rows]);
  useLayoutEffect(() => {
    const anchor = anchorOf(before.current, rows, [...seen.keys()]);
    before.current = rows;
    const row = [...scroller.current?.querySelectorAll<HTMLElement>("[data-conversation]") ?? []]
      .find((row) => keyOf(row) === anchor);
    if (row !== undefined) scroller.current!.scrollTop += topOf(row) - seen.get(anchor!)!;
  }, [rows]);
}

function topOf(row: HTMLElement): number {
  return row.getBoundingClientRect().top;
}
