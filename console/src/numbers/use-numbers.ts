import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { NumberSource, PhoneNumber } from "../../../supabase/functions/_shared/numbers/shape.ts";
import { useBackend } from "../platform/backend.tsx";

export type { PhoneNumber };

/** The answer of `list-numbers`. */
export interface NumberList {
  source: NumberSource;
  /** Why the numbers are shared ones. */
  notice?: string;
  numbers: PhoneNumber[];
}

const KEY = ["numbers"];
const POLL_MS = 15_000;

/** The caller's numbers, primary first; the platform's shared ones where they have none. */
export function useNumbers() {
  const { callFunction } = useBackend();
  return useQuery({
    queryKey: KEY,
    queryFn: () => callFunction<NumberList>("list-numbers"),
    refetchInterval: POLL_MS,
  });
}

export interface PurchaseOrder {
  /** E.164. */
  phoneNumber: string;
  friendlyName?: string;
}

/** Buys a number. */
export function useBuyNumber() {
  const { callFunction } = useBackend();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (order: PurchaseOrder) => callFunction<PhoneNumber>("buy-number", { method: "POST", body: order }),
    // Also after a failure: a purchase whose answer was lost may show up.
    onSettled: () => queryClient.invalidateQueries({ queryKey: KEY }),
  });
}
