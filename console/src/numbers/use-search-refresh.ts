import { useQueryClient } from "@tanstack/react-query";

/** Returns a function that repeats the current search, to remove numbers that have been bought in the meantime. */
export function useSearchRefresh(): () => Promise<void> {
  const queryClient = useQueryClient();
  return () => queryClient.invalidateQueries({ queryKey: ["number-search"] });
}
