import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { Subaccount, SubaccountStatus } from "../../../client/switchboard.ts";
import { useBackend } from "../platform/backend.tsx";

export type { Subaccount, SubaccountStatus };

const KEY = ["subaccount"];
/** Poll faster while there is no subaccount: a payment or a creation may be in progress. */
const EAGER_POLL_MS = 2_000;
const CALM_POLL_MS = 15_000;

/** The caller's subaccount, kept up to date by polling. */
export function useSubaccount() {
  const { switchboard } = useBackend();
  return useQuery({
    queryKey: KEY,
    queryFn: () => switchboard.subaccount(),
    refetchInterval: ({ state: { data } }) => data?.provisioned ? CALM_POLL_MS : EAGER_POLL_MS,
  });
}

/** Requests the caller's subaccount. Repeating the request is safe. */
export function useCreateSubaccount() {
  const { switchboard } = useBackend();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: () => switchboard.provisionSubaccount(),
    // Also after a failure: the request may have been recorded. The numbers depend on the subaccount too.
    onSettled: () => Promise.all([KEY, ["numbers"]].map((queryKey) => queryClient.invalidateQueries({ queryKey }))),
  });
}
