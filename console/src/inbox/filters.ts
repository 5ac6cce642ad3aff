import type { ConversationsQuery } from "../../../client/switchboard.ts";

/** The views of the inbox, of which one is open. */
export const VIEWS = ["all", "unread", "failed", "opted-out"] as const;
export type View = (typeof VIEWS)[number];

/** Which conversations are listed. */
export interface Filters {
  view: View;
  /** One of the tenant's numbers. */
  number?: string;
  tag?: string;
  /** The beginnings of words, or digits of a number. */
  search?: string;
}

/** The server takes no longer texts. */
const LONGEST = 200;

const TEXTS = ["number", "tag", "search"] as const;

/** Reads the filters from the query of an address. */
export function filtersOf(query: URLSearchParams): Filters {
  const filters: Filters = { view: VIEWS.find((view) => view === query.get("view")) ?? "all" };
  for (const name of TEXTS) {
    const text = query.get(name)?.trim().slice(0, LONGEST);
    if (text) filters[name] = name === "number" ? text.replace(/^(?=\d)/, "+") : text;
  }
  return filters;
}

/** The query of an address with these filters, with its question mark; empty without a filter. */
export function addressOf({ view, ...texts }: Filters): string {
  const query = new URLSearchParams();
  if (view !== "all") query.set("view", view);
  for (const name of TEXTS) {
    const text = texts[name];
    if (text !== undefined && text.trim() !== "") query.set(name, text);
  }
  return query.size === 0 ? "" : `?${query}`;
}

/** The filters as list-conversations takes them. */
export function conversationsQueryOf({ view, ...texts }: Filters): ConversationsQuery {
  switch (view) {
    case "all":
      return texts;
    case "unread":
      return { ...texts, unread: true };
    case "failed":
      return { ...texts, failed: true };
    case "opted-out":
      return { ...texts, optedOut: true };
  }
}

/** Whether every conversation is listed. */
export function isUnfiltered(filters: Filters): boolean {
  return addressOf(filters) === "";
}

const NOTHING: Readonly<Record<View, string>> = {
  "all": "No messages yet",
  "unread": "No unread conversations",
  "failed": "No failed messages",
  "opted-out": "No opt-outs",
};

/** What an empty list says. */
export function nothingListed({ view, number, tag, search }: Filters): string {
  if (search !== undefined) return `No conversation matches “${search}”`;
  if (tag !== undefined || (number !== undefined && view === "all")) return "No conversations with these filters";
  return NOTHING[view];
}
