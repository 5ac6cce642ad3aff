import { keepPreviousData, useInfiniteQuery, useQueries, useQuery } from "@tanstack/react-query";
import type { Tenant, TenantFigures } from "../../../../client/switchboard.ts";
import { useBackend } from "../../platform/backend.tsx";
import { rowsOf } from "../../platform/read-rows.ts";
import { isCutShort, readPage } from "./pages.ts";
import { requestOf, type TenantsQuery } from "./query.ts";
import { isOnItsWay } from "./status.ts";

/** Every list of tenants. An action on a tenant invalidates it. */
export const TENANTS_KEY = ["operator", "tenants"];
/** What tenants use and earn. */
export const FIGURES_KEY = ["operator", "tenant-figures"];

const REFRESH_MS = 60_000;
/** While a change that an operator has asked for is on its way. */
const SOON_REFRESH_MS = 3_000;
/** A longer list is not read again by itself: each page takes up to five calls. */
const MOST_REFRESHED = 4;

/** The tenants that match, a page at a time. */
export function useTenants(query: TenantsQuery) {
  const { switchboard } = useBackend();
  const request = requestOf(query);
  const read = useInfiniteQuery({
    queryKey: [...TENANTS_KEY, request],
    queryFn: ({ pageParam, signal }) =>
      readPage((after, limit) => switchboard.admin.listTenants({ ...request, limit, after }, { signal }), pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next,
    placeholderData: keepPreviousData,
    refetchInterval: ({ state: { data } }) => {
      const now = new Date();
      if (data === undefined || data.pages.length > MOST_REFRESHED) return false;
      const isAwaited = data.pages.some(({ tenants }) => tenants.some((tenant) => isOnItsWay(tenant, now)));
      return isAwaited ? SOON_REFRESH_MS : REFRESH_MS;
    },
  });
  const pages = read.data?.pages;
  const last = pages?.at(-1);
  return { ...read, pages, isCutShort: last !== undefined && isCutShort(last) };
}

/** The figures of the tenants of each page by the user's id; they arrive after the list. */
export function useFigures(pages: readonly { tenants: readonly Tenant[] }[]) {
  const { switchboard } = useBackend();
  return useQueries({
    queries: pages.filter(({ tenants }) => tenants.length > 0).map(({ tenants }) => {
      const ids = tenants.map(({ userId }) => userId);
      return {
        queryKey: [...FIGURES_KEY, ids],
        queryFn: ({ signal }: { signal: AbortSignal }) => switchboard.admin.tenantFigures(ids, { signal }),
        staleTime: REFRESH_MS,
        refetchInterval: REFRESH_MS,
        // A new tenant on the page changes its ids: the figures of the others stay.
        placeholderData: keepPreviousData,
        meta: { isAside: true },
      };
    }),
    combine: (reads) => ({
      of: new Map<string, TenantFigures>(
        reads.flatMap(({ data }) => data?.tenants.map((figures) => [figures.userId, figures] as const) ?? []),
      ),
      error: reads.find(({ error, data }) => error !== null && data === undefined)?.error ?? null,
      retry: () => reads.forEach(({ isError, refetch }) => isError && void refetch()),
    }),
  });
}

/** The names of all plans by their keys, also of those that are no longer sold. */
export function usePlanNames() {
  const { supabase } = useBackend();
  return useQuery({
    queryKey: ["operator", "plan-names"],
    queryFn: async () => {
      const plans = rowsOf("plans", await supabase.from("plans").select("key, name, rank").order("rank"));
      return new Map(plans.map(({ key, name }) => [key, name]));
    },
    staleTime: Infinity,
    meta: { isAside: true },
  });
}
