import { useBackend } from "../platform/backend.tsx";
import { useSubaccount } from "../subaccount/use-subaccount.ts";
import { useAwaitedPayment } from "./awaited-payment.ts";
import { openSubscribe } from "./plan-dialogs.tsx";
import { mayBuy } from "./subscription.ts";
import { useBilling } from "./use-billing.ts";

/**
 * Returns what opens the choice of a plan; undefined when the console sells none, when the tenant has one or has just paid for
 * one, and when it would change nothing: an operator suspended the account, or it is closed.
 */
export function usePlanChoice(): ((suggested?: string) => void) | undefined {
  const { config: { sellsSubscriptions } } = useBackend();
  const { billing } = useBilling();
  const { data: subaccount } = useSubaccount();
  const isClosed = subaccount?.heldByOperator === true || subaccount?.status === "closed";
  const { isAwaited } = useAwaitedPayment();
  return sellsSubscriptions && !isAwaited && !isClosed && billing !== undefined && mayBuy(billing.own)
    ? openSubscribe
    : undefined;
}
