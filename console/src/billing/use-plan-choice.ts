import { useBackend } from "../platform/backend.tsx";
import { openSubscribe } from "./plan-dialogs.tsx";
import { mayBuy } from "./subscription.ts";
import { useBilling } from "./use-billing.ts";

/** Returns what opens the choice of a plan; undefined when the console sells none or the tenant already has one. */
export function usePlanChoice(): (() => void) | undefined {
  const { config: { sellsSubscriptions } } = useBackend();
  const { billing } = useBilling();
  return sellsSubscriptions && billing !== undefined && mayBuy(billing.own) ? openSubscribe : undefined;
}
