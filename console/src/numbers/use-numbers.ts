import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { NumberList, NumberPurchase, PhoneNumber, Switchboard } from "../../../client/switchboard.ts";
import { useBackend } from "../platform/backend.tsx";

export type { NumberList, PhoneNumber };

const KEY = ["numbers"];
const POLL_MS = 15_000;

/** The caller's numbers, primary first. Without any, the shared numbers. */
export function useNumbers() {
  const { switchboard } = useBackend();
  return useQuery({
    queryKey: KEY,
    queryFn: () => switchboard.listNumbers(),
    refetchInterval: POLL_MS,
  });
}

/** Buys a number. */
export function useBuyNumber() {
  const { switchboard } = useBackend();
  const queryClient = useQueryClient();
  return useMutation({
    meta: { background: true },
    mutationFn: (order: NumberPurchase) => switchboard.buyNumber(order),
    // Also after a failure: a purchase whose response was lost may have succeeded.
    onSettled: () => queryClient.invalidateQueries({ queryKey: KEY }),
  });
}

/** Changes one of the caller's numbers: makes it primary, renames or releases it. */
export function useChangeNumber() {
  const { switchboard } = useBackend();
  const queryClient = useQueryClient();
  return useMutation({
    meta: { background: true },
    mutationFn: (change: (switchboard: Switchboard) => Promise<unknown>) => change(switchboard),
    // Also after a failure: a change whose response was lost may have succeeded.
    onSettled: () => queryClient.invalidateQueries({ queryKey: KEY }),
  });
}
