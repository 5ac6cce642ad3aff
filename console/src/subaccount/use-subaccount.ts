import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { Subaccount, SubaccountStatus } from "../../../client/switchboard.ts";
import { useBackend } from "../platform/backend.tsx";

export type { Subaccount, SubaccountStatus };

const KEY = ["subaccount"];
/** While something is awaited (a payment, a creation), and while nothing is. */
const EAGER_POLL_MS = 2_000;
const CALM_POLL_MS = 15_000;

/** The caller's subaccount, followed as it changes. */
export function useSubaccount() {
  const { switchboard } = useBackend();
  return useQuery({
    queryKey: KEY,
    queryFn: () => switchboard.subaccount(),
    refetchInterval: ({ state: { data } }) => data?.provisioned ? CALM_POLL_MS : EAGER_POLL_MS,
  });
}

/** Asks for the caller's subaccount; asking twice is harmless. */
export function useCreateSubaccount() {
  const { switchboard } = useBackend();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: () => switchboard.provisionSubaccount(),
    // Also after a failure: the wish may have been recorded all the same. Numbers depend on it too.
    onSettled: () => Promise.all([KEY, ["numbers"]].map((queryKey) => queryClient.invalidateQueries({ queryKey }))),
  });
}
