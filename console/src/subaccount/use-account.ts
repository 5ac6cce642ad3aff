import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useState } from "react";
import { useBackend } from "../platform/backend.tsx";
import { rowsOf } from "../platform/read-rows.ts";
import { useUser } from "../session/session.tsx";
import { type Account, isChanging, SUBSCRIPTION_COLUMNS } from "./account.ts";

/** The key of the subaccount alone, as the composer reads it. */
const SUBACCOUNT_KEY = ["subaccount"];
/** The key of the subaccount and the subscriptions, which are read together. To invalidate the other key invalidates this one. */
export const ACCOUNT_KEY = [...SUBACCOUNT_KEY, "account"];
/** What depends on the account: the numbers and limits that it has. */
const DEPENDENT_KEYS = [["numbers"], ["usage"], ["tenant-notices"]];

/** While something changes, and for some time after the tenant did something. */
const EAGER_POLL_MS = 2_000;
const CALM_POLL_MS = 12_000;
/** Without a subaccount: a Payment Link may be paid, or an operator may act, elsewhere. */
const NEWCOMER_POLL_MS = 5_000;
const EAGER_FOR_MS = 45_000;
/** A change that takes longer is not in progress but waits for something else. */
const LONGEST_CHANGE_MS = 5 * 60_000;

/** Until when the result of the tenant's own action is expected. It changes only how often is read. */
let expectedUntil = 0;
/** Since when reads have shown a change in progress; null while none does. */
let changingSince: number | null = null;

/** The caller's subaccount and subscriptions, from one read. Polling stops while the page is hidden. */
export function useAccount() {
  const { switchboard, supabase } = useBackend();
  const { id: userId } = useUser();
  const queryClient = useQueryClient();
  return useQuery({
    queryKey: ACCOUNT_KEY,
    queryFn: async (): Promise<Account> => {
      const [subaccount, subscriptions] = await Promise.all([
        switchboard.subaccount(),
        supabase.from("subscriptions").select(SUBSCRIPTION_COLUMNS).eq("user_id", userId),
      ]);
      const account = { subaccount, subscriptions: rowsOf("subscription", subscriptions) };
      queryClient.setQueryData(SUBACCOUNT_KEY, subaccount);
      changingSince = isChanging(account) ? changingSince ?? Date.now() : null;
      return account;
    },
    refetchInterval: ({ state: { data } }) => {
      const now = Date.now();
      const isInProgress = changingSince !== null && now < changingSince + LONGEST_CHANGE_MS;
      if (isInProgress || now < expectedUntil) return EAGER_POLL_MS;
      return data?.subaccount.status === null ? NEWCOMER_POLL_MS : CALM_POLL_MS;
    },
  });
}

/**
 * Returns a function to call after an action of the tenant that changes the account, here or at Stripe: it reads everything
 * that depends on it again, at once and more often for some time.
 */
export function useAccountRefresh(): () => Promise<void> {
  const queryClient = useQueryClient();
  return useCallback(async () => {
    expectedUntil = Date.now() + EAGER_FOR_MS;
    await Promise.all(
      [SUBACCOUNT_KEY, ...DEPENDENT_KEYS].map((queryKey) => queryClient.invalidateQueries({ queryKey })),
    );
  }, [queryClient]);
}

/** Reads the numbers and limits again whenever the account has become another one. Used once, by the shell's banner. */
export function useDependentRefresh(): void {
  const queryClient = useQueryClient();
  const { data } = useAccount();
  const summary = data &&
    [data.subaccount.status, ...data.subscriptions.map(({ id, status, plan_key: plan }) => [id, status, plan])];
  const known = summary === undefined ? undefined : JSON.stringify(summary);
  const [before, setBefore] = useState(known);
  useEffect(() => {
    if (known === undefined || known === before) return;
    setBefore(known);
    if (before === undefined) return;
    for (const queryKey of DEPENDENT_KEYS) void queryClient.invalidateQueries({ queryKey });
  }, [known, before, queryClient]);
}
