import type { TenantsPage } from "../../../../client/switchboard.ts";
import { tenantSearch } from "../../phone/tenant-search.ts";

/** The filters of which one is chosen. */
export const VIEWS = ["all", "unpaid", "drifted", "over-limit", "suspended"] as const;
export type View = (typeof VIEWS)[number];

export const VIEW_LABELS: Readonly<Record<View, string>> = {
  "all": "All",
  "unpaid": "Unpaid",
  "drifted": "Drifted",
  "over-limit": "Over limit",
  "suspended": "Suspended",
};

export const ORDERS = ["newest", "oldest", "id"] as const;
export type Order = (typeof ORDERS)[number];

/** Which tenants are listed, and in which order. */
export interface TenantsQuery {
  view: View;
  order: Order;
  /** The beginning of an email address, or a number, a SID or a user's id. */
  search?: string;
  /** The key of a plan. */
  plan?: string;
}

export const EVERYTHING: TenantsQuery = { view: "all", order: "newest" };

/** The server takes no longer texts. */
const LONGEST = { search: 320, plan: 100 } as const;
const TEXTS = ["search", "plan"] as const;

/** Reads the query of an address. What it does not know is left out. */
export function queryOf(address: URLSearchParams): TenantsQuery {
  const query: TenantsQuery = {
    view: VIEWS.find((view) => view === address.get("view")) ?? EVERYTHING.view,
    order: ORDERS.find((order) => order === address.get("order")) ?? EVERYTHING.order,
  };
  for (const name of TEXTS) {
    const text = address.get(name)?.trim().slice(0, LONGEST[name]).trim();
    if (text) query[name] = text;
  }
  // A plus sign that was not escaped is read as a blank.
  if (query.search !== undefined && address.get("search")!.startsWith(" ") && /^\d/.test(query.search)) {
    query.search = `+${query.search}`;
  }
  return query;
}

/** The query of an address, with its question mark; empty for every tenant in the usual order. */
export function addressOf({ view, order, ...texts }: TenantsQuery): string {
  const address = new URLSearchParams();
  if (view !== EVERYTHING.view) address.set("view", view);
  if (order !== EVERYTHING.order) address.set("order", order);
  for (const name of TEXTS) {
    const text = texts[name]?.trim();
    if (text) address.set(name, text);
  }
  return address.size === 0 ? "" : `?${address}`;
}

/** A query as the server takes it, without the page. */
export function requestOf(
  { view, order, search, plan }: TenantsQuery,
): Omit<TenantsPage, "after" | "limit" | "format"> {
  return {
    sort: order,
    ...FILTERS[view],
    ...(search !== undefined && { search: tenantSearch(search) }),
    ...(plan !== undefined && { plan }),
  };
}

const FILTERS: Readonly<Record<View, Pick<TenantsPage, "unpaid" | "drift" | "overLimit" | "status">>> = {
  "all": {},
  "unpaid": { unpaid: true },
  "drifted": { drift: true },
  "over-limit": { overLimit: true },
  "suspended": { status: "suspended" },
};

/** Whether some tenants are left out. */
export function isFiltered({ view, search, plan }: TenantsQuery): boolean {
  return view !== "all" || search !== undefined || plan !== undefined;
}

const NOTHING: Readonly<Record<View, string>> = {
  "all": "No tenants yet",
  "unpaid": "No unpaid tenants",
  "drifted": "No drifted tenants",
  "over-limit": "No tenant is over a limit",
  "suspended": "No suspended tenants",
};

/** What an empty list says. */
export function nothingListed({ view, search, plan }: TenantsQuery): string {
  if (search !== undefined) return `No tenant matches “${search}”`;
  return plan !== undefined ? "No tenants with these filters" : NOTHING[view];
}
