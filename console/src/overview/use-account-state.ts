import { useBackend } from "../platform/backend.tsx";
import { useUser } from "../session/session.tsx";
import { useAwaitedPayment } from "../billing/awaited-payment.ts";
import { mayBuy } from "../billing/subscription.ts";
import { billingOf, usePlans } from "../billing/use-billing.ts";
import { useAccount } from "../subaccount/use-account.ts";
import { type AccountFacts, type AccountState, accountState } from "./account-state.ts";
import { useNotices } from "../subaccount/use-notices.ts";
import { useUsage } from "../billing/use-usage.ts";

/** The state of the caller's account; undefined until it is known. */
export function useAccountState(): {
  state: AccountState | undefined;
  facts: AccountFacts | undefined;
  error: Error | null;
  refetch: () => void;
} {
  const { config: { sellsSubscriptions } } = useBackend();
  const { isOperator } = useUser();
  const account = useAccount();
  const plans = usePlans();
  const { data: usage = null } = useUsage(account.data?.subaccount.provisioned ?? false);
  // Limits and notices are additions: without them the rest is still true.
  const { data: notices = [] } = useNotices();
  const { isAwaited } = useAwaitedPayment();
  const billing = account.data && plans.data && billingOf(account.data, plans.data);
  const facts: AccountFacts | undefined = account.data && plans.data && billing && {
    now: new Date(),
    subaccount: account.data.subaccount,
    billing,
    isPaymentAwaited: isAwaited && mayBuy(billing.own),
    plans: plans.data,
    usage,
    notices,
    isOperator,
    sellsSubscriptions,
  };
  return {
    facts,
    state: facts && accountState(facts),
    error: account.error ?? plans.error,
    refetch: () => void Promise.all([account.refetch(), plans.refetch()]),
  };
}
