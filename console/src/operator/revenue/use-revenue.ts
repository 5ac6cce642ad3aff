import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import type {
  Loss,
  Revenue,
  RevenuePage,
  SwitchboardAdmin,
  UnbilledPage,
  UnpaidAccountList,
} from "../../../../client/switchboard.ts";
import { useBackend } from "../../platform/backend.tsx";
import { type Months, rangeOf } from "./months.ts";

/** Everything that is read about revenue. */
const REVENUE_KEY = ["operator", "revenue"];
/** Prices change what waits for a rate. */
export const UNBILLED_KEY = [...REVENUE_KEY, "unbilled"];

const PAGE = 50;
/** The largest page of sums: a range of months has few of them. */
const SUMS_PAGE = 500;

/** All items of a list whose pages are few. */
async function everyItem<Item>(
  read: (cursor: string | undefined) => Promise<{ items: Item[]; next: string | null }>,
): Promise<Item[]> {
  const items: Item[] = [];
  let next: string | null | undefined;
  do {
    const page = await read(next ?? undefined);
    items.push(...page.items);
    next = page.next;
  } while (next !== null);
  return items;
}

const firstPage = { initialPageParam: undefined as string | undefined };
const nextOf = ({ next }: { next: string | null }) => next ?? undefined;

/** The sums of all tenants, by month and currency. */
export function useRevenue(months: Months) {
  const { switchboard: { admin } } = useBackend();
  return useQuery({
    queryKey: [...REVENUE_KEY, "total", months],
    queryFn: ({ signal }) =>
      everyItem<Revenue>(async (cursor) => {
        const { months: items, next } = await admin.listRevenue(
          { ...rangeOf(months), limit: SUMS_PAGE, cursor },
          { signal },
        );
        return { items, next };
      }),
    placeholderData: keepPreviousData,
  });
}

export type TenantsOrder = NonNullable<RevenuePage["order"]>;

/** The tenants of one month. */
export function useTenantRevenue(
  query: Pick<RevenuePage, "from" | "until" | "currency" | "order">,
  isEnabled: boolean,
) {
  const { switchboard: { admin } } = useBackend();
  return useInfiniteQuery({
    ...firstPage,
    queryKey: [...REVENUE_KEY, "tenants", query],
    queryFn: ({ pageParam, signal }) =>
      admin.listRevenue({ by: "tenant", ...query, limit: PAGE, cursor: pageParam }, { signal }),
    getNextPageParam: nextOf,
    enabled: isEnabled,
    placeholderData: keepPreviousData,
  });
}

/** What is lost, by month, currency and reason. */
export function useLosses(months: Months) {
  const { switchboard: { admin } } = useBackend();
  return useQuery({
    queryKey: [...REVENUE_KEY, "losses", months],
    queryFn: ({ signal }) =>
      everyItem<Loss>(async (cursor) => {
        const { losses: items, next } = await admin.listLosses(
          { ...rangeOf(months), limit: SUMS_PAGE, cursor },
          { signal },
        );
        return { items, next };
      }),
    placeholderData: keepPreviousData,
  });
}

/** The tenants with losses of one reason. */
export function useTenantLosses(months: Months, reason: string) {
  const { switchboard: { admin } } = useBackend();
  return useInfiniteQuery({
    ...firstPage,
    queryKey: [...REVENUE_KEY, "losses", months, reason],
    queryFn: ({ pageParam, signal }) =>
      admin.listLosses({ by: "tenant", ...rangeOf(months), reason, limit: PAGE, cursor: pageParam }, { signal }),
    getNextPageParam: nextOf,
  });
}

/** Usage that is not billed yet, the oldest first. */
export function useUnbilled(query: Pick<UnbilledPage, "state" | "lastDay">) {
  const { switchboard: { admin } } = useBackend();
  return useInfiniteQuery({
    ...firstPage,
    queryKey: [...UNBILLED_KEY, query],
    queryFn: ({ pageParam, signal }) => admin.listUnbilled({ ...query, limit: PAGE, cursor: pageParam }, { signal }),
    getNextPageParam: nextOf,
    placeholderData: keepPreviousData,
  });
}

/** What Stripe rejected, newest first. */
export function useRejected() {
  const { switchboard: { admin } } = useBackend();
  return useInfiniteQuery({
    ...firstPage,
    queryKey: [...REVENUE_KEY, "rejected"],
    queryFn: ({ pageParam, signal }) => admin.listRejected({ limit: PAGE, cursor: pageParam }, { signal }),
    getNextPageParam: nextOf,
  });
}

/** What all accounts without a paying tenant cost, as a job counted it last. */
export function useUnpaidTotal() {
  const { switchboard: { admin } } = useBackend();
  return useQuery({
    queryKey: [...REVENUE_KEY, "unpaid-total"],
    queryFn: ({ signal }) => admin.unpaidTotal({ signal }),
  });
}

/** A page of the functions looks at so many tenants that it may have no account before the last one. */
const MOST_EMPTY_PAGES = 10;

/** Accounts without a paying tenant. */
export function useUnpaidAccounts() {
  const { switchboard: { admin } } = useBackend();
  return useInfiniteQuery({
    ...firstPage,
    queryKey: [...REVENUE_KEY, "unpaid-accounts"],
    queryFn: async ({ pageParam, signal }) => {
      let page = await admin.listUnpaidAccounts({ limit: PAGE, after: pageParam }, { signal });
      for (let looked = 1; page.accounts.length === 0 && page.next !== null && looked < MOST_EMPTY_PAGES; looked++) {
        page = await admin.listUnpaidAccounts({ limit: PAGE, after: page.next }, { signal });
      }
      return page;
    },
    getNextPageParam: nextOf,
  });
}

/** All accounts without a paying tenant, for a file. */
export function everyUnpaidAccount(admin: SwitchboardAdmin): Promise<UnpaidAccountList["accounts"]> {
  return everyItem(async (after) => {
    const { accounts: items, next } = await admin.listUnpaidAccounts({ limit: 200, after });
    return { items, next };
  });
}
