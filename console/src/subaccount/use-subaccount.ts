import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useBackend } from "../platform/backend.tsx";

/** How the caller's subaccount stands, as `provision-subaccount` tells it. */
export interface Subaccount {
  provisioned: boolean;
  /** Null: never asked for. */
  status: SubaccountStatus | null;
  subaccountSid: string | null;
  friendlyName: string | null;
  /** ISO 8601. */
  createdAt: string | null;
}

export type SubaccountStatus = "pending" | "active" | "suspended" | "closed";

const KEY = ["subaccount"];
/** While something is awaited (a payment, a creation), and while nothing is. */
const EAGER_POLL_MS = 2_000;
const CALM_POLL_MS = 15_000;

/** The caller's subaccount, followed as it changes. */
export function useSubaccount() {
  const { callFunction } = useBackend();
  return useQuery({
    queryKey: KEY,
    queryFn: () => callFunction<Subaccount>("provision-subaccount"),
    refetchInterval: ({ state: { data } }) => data?.provisioned ? CALM_POLL_MS : EAGER_POLL_MS,
  });
}

/** Asks for the caller's subaccount; asking twice is harmless. */
export function useCreateSubaccount() {
  const { callFunction } = useBackend();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: () => callFunction<{ status: SubaccountStatus }>("provision-subaccount", { method: "POST" }),
    // Also after a failure: the wish may have been recorded all the same. Numbers depend on it too.
    onSettled: () => Promise.all([KEY, ["numbers"]].map((queryKey) => queryClient.invalidateQueries({ queryKey }))),
  });
}
