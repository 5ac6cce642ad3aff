import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { AvailableNumber, NumberType } from "../../../client/switchboard.ts";
import { useBackend } from "../platform/backend.tsx";

/** What to look for; empty texts do not count. */
export interface NumberSearch {
  /** ISO 3166, two capitals. */
  country: string;
  type: NumberType;
  /** Three digits. */
  areaCode: string;
  /** 2 to 16 digits, letters or `*`. */
  contains: string;
}

export type { AvailableNumber, NumberType };

/** Numbers on offer; asks nothing until there is a search. */
export function useNumberSearch(search: NumberSearch | null) {
  const { switchboard } = useBackend();
  return useQuery({
    queryKey: ["number-search", search],
    queryFn: () => switchboard.searchNumbers(wishesOf(search)),
    enabled: search !== null,
    placeholderData: keepPreviousData,
    // What is on offer changes by the minute, but not because the window was looked at again.
    staleTime: 60_000,
    refetchOnWindowFocus: false,
  });
}

function wishesOf(search: NumberSearch | null) {
  const { country, type, areaCode, contains } = search ?? {};
  return { country, type, areaCode: areaCode || undefined, contains: contains || undefined };
}
