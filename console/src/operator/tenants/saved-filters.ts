import { addressOf, queryOf, type TenantsQuery } from "./query.ts";

/** A query that an operator gave a name, kept in this browser. */
export interface SavedFilter {
  name: string;
  /** As in an address: without the search for one tenant it is empty for every tenant. */
  address: string;
}

export const LONGEST_NAME = 40;
const MOST = 20;

/** Reads what the browser has stored, which another version or a user may have written. Never fails. */
export function savedFiltersOf(stored: string | null): SavedFilter[] {
  let read: unknown;
  try {
    read = JSON.parse(stored ?? "[]");
  } catch {
    return [];
  }
  if (!Array.isArray(read)) return [];
  return read.reduce<SavedFilter[]>((saved, one) => {
    if (typeof one?.name !== "string" || typeof one?.address !== "string") return saved;
    return withFilter(saved, one.name, queryOf(new URLSearchParams(one.address)));
  }, []);
}

/** Adds a filter at the end, in place of one with the same name. A blank name adds none. */
export function withFilter(saved: readonly SavedFilter[], typed: string, query: TenantsQuery): SavedFilter[] {
  const name = typed.trim().slice(0, LONGEST_NAME).trim();
  if (name === "") return [...saved];
  return [...withoutFilter(saved, name), { name, address: addressOf(query) }].slice(-MOST);
}

export function withoutFilter(saved: readonly SavedFilter[], name: string): SavedFilter[] {
  return saved.filter((one) => one.name !== name);
}

/** The saved filter with this query; undefined when there is none. */
export function filterWith(saved: readonly SavedFilter[], query: TenantsQuery): SavedFilter | undefined {
  const address = addressOf(query);
  return saved.find((one) => one.address === address);
}
