import { useMutation } from "@tanstack/react-query";
import { useBackend } from "../platform/backend.tsx";
import type { Subaccount, SubaccountStatus } from "./account.ts";
import { useAccount, useAccountRefresh } from "./use-account.ts";

export type { Subaccount, SubaccountStatus };

/** The caller's subaccount, kept up to date by polling. */
export function useSubaccount() {
  const { data, ...rest } = useAccount();
  return { ...rest, data: data?.subaccount };
}

/** Requests the caller's subaccount. Repeating the request is safe. */
export function useCreateSubaccount() {
  const { switchboard } = useBackend();
  const refresh = useAccountRefresh();
  return useMutation({
    mutationFn: () => switchboard.provisionSubaccount(),
    // Also after a failure: the request may have been recorded.
    onSettled: refresh,
  });
}
