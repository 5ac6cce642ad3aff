import { useQueryClient } from "@tanstack/react-query";

/** Looks at the offers again: what was bought, by us or by somebody else, is no longer among them. */
export function useSearchRefresh(): () => Promise<void> {
  const queryClient = useQueryClient();
  return () => queryClient.invalidateQueries({ queryKey: ["number-search"] });
}
