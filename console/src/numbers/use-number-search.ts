import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { Capabilities } from "../../../supabase/functions/_shared/numbers/shape.ts";
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

export type NumberType = "local" | "mobile" | "tollFree";

/** A number on offer, as `search-numbers` shows it. */
export interface AvailableNumber {
  phoneNumber: string;
  friendlyName: string;
  locality: string | null;
  region: string | null;
  isoCountry: string;
  type: NumberType;
  capabilities: Capabilities;
}

/** Numbers on offer; asks nothing until there is a search. */
export function useNumberSearch(search: NumberSearch | null) {
  const { callFunction } = useBackend();
  return useQuery({
    queryKey: ["number-search", search],
    queryFn: async () => {
      const { numbers } = await callFunction<{ numbers: AvailableNumber[] }>("search-numbers", {
        query: { ...search },
      });
      return numbers;
    },
    enabled: search !== null,
    placeholderData: keepPreviousData,
    // What is on offer changes by the minute, but not because the window was looked at again.
    staleTime: 60_000,
    refetchOnWindowFocus: false,
  });
}
