import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { NumberList, NumberPurchase, PhoneNumber, Switchboard } from "../../../client/switchboard.ts";
import { useBackend } from "../platform/backend.tsx";

export type { NumberList, PhoneNumber };

const KEY = ["numbers"];
const POLL_MS = 15_000;

/** The caller's numbers, primary first; the platform's shared ones where they have none. */
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
    mutationFn: (order: NumberPurchase) => switchboard.buyNumber(order),
    // Also after a failure: a purchase whose answer was lost may show up.
    onSettled: () => queryClient.invalidateQueries({ queryKey: KEY }),
  });
}

/** Changes one of the caller's numbers: primary, name, or gone. */
export function useChangeNumber() {
  const { switchboard } = useBackend();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (change: (switchboard: Switchboard) => Promise<unknown>) => change(switchboard),
    // Also after a failure: a change whose answer was lost may have been made.
    onSettled: () => queryClient.invalidateQueries({ queryKey: KEY }),
  });
}
