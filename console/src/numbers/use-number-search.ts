import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { AvailableNumber, NumberType } from "../../../client/switchboard.ts";
import { useBackend } from "../platform/backend.tsx";

/** Search criteria. Empty strings are ignored. */
export interface NumberSearch {
  /** ISO 3166-1 alpha-2, in capitals. */
  country: string;
  type: NumberType;
  /** Three digits. */
  areaCode: string;
  /** 2 to 16 digits, letters or `*`. */
  contains: string;
}

export type { AvailableNumber, NumberType };

/** The available numbers for a search. Sends no request until there is a search. */
export function useNumberSearch(search: NumberSearch | null) {
  const { switchboard } = useBackend();
  return useQuery({
    queryKey: ["number-search", search],
    queryFn: () => switchboard.searchNumbers(criteriaOf(search)),
    enabled: search !== null,
    placeholderData: keepPreviousData,
    // Offers change within minutes, but a window that regains focus is no reason to search again.
    staleTime: 60_000,
    refetchOnWindowFocus: false,
  });
}

function criteriaOf(search: NumberSearch | null) {
  const { country, type, areaCode, contains } = search ?? {};
  return { country, type, areaCode: areaCode || undefined, contains: contains || undefined };
}
