import { type ReactNode, useState } from "react";
import { useBackend } from "../platform/backend.tsx";
import { PlanDialog } from "./plan-dialog.tsx";
import { mayBuy, plansForSale } from "./subscription.ts";
import { useBilling, usePlans } from "./use-billing.ts";
import { useCheckout } from "./use-stripe-pages.ts";

export interface PlanChoice {
  /** Opens the choice; undefined when the console sells no subscriptions or the tenant already has one. */
  open: (() => void) | undefined;
  /** Render it once, wherever the choice is opened. */
  dialog: ReactNode;
}

/** The choice of a plan to subscribe to, which leads to the checkout at Stripe. */
export function usePlanChoice(): PlanChoice {
  const { config: { sellsSubscriptions } } = useBackend();
  const { billing } = useBilling();
  const { data: plans = [] } = usePlans();
  const [isChoosing, setChoosing] = useState(false);
  const checkout = useCheckout();
  if (!sellsSubscriptions || billing === undefined || !mayBuy(billing.own)) return { open: undefined, dialog: null };
  return {
    open() {
      checkout.reset();
      setChoosing(true);
    },
    dialog: (
      <PlanDialog
        opened={isChoosing}
        title="Choose your plan"
        plans={plansForSale(plans)}
        note="You see the price before you pay. Stripe handles the payment."
        actionOf={() => "Continue to payment"}
        progress={checkout}
        onChoose={({ key }) => checkout.mutate(key)}
        onClose={() => setChoosing(false)}
      />
    ),
  };
}
