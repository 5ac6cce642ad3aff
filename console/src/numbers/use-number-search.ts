import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { AvailableNumber, NumberSearch } from "../../../client/switchboard.ts";
import { useBackend } from "../platform/backend.tsx";

export type { AvailableNumber, NumberSearch };

export const SEARCH_KEY = ["number-search"];

/** The numbers on offer for a search; those of the search before while it runs. Sends no request until there is a search. */
export function useNumberSearch(search: NumberSearch | null) {
  const { switchboard } = useBackend();
  return useQuery({
    queryKey: [...SEARCH_KEY, search],
    queryFn: async ({ signal }) => ({ search, numbers: await switchboard.searchNumbers(search ?? {}, { signal }) }),
    enabled: search !== null,
    placeholderData: keepPreviousData,
    // Offers change within minutes, but a window that regains focus is no reason to search again.
    staleTime: 60_000,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });
}
