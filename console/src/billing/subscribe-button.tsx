import { Button } from "@mantine/core";
import { useState } from "react";
import { CreditCard } from "lucide-react";
import { useBackend } from "../platform/backend.tsx";
import { PlanDialog } from "./plan-dialog.tsx";
import { mayBuy, plansForSale } from "./subscription.ts";
import { useBilling, usePlans } from "./use-billing.ts";
import { useCheckout } from "./use-stripe-pages.ts";

/**
 * Opens the choice of a plan. Use `light` when it is not the primary action. Renders nothing when the console does not sell
 * subscriptions or when the tenant already has one.
 */
export function SubscribeButton({ variant = "filled" }: { variant?: "filled" | "light" }) {
  const { config: { sellsSubscriptions } } = useBackend();
  const { billing } = useBilling();
  const { data: plans = [] } = usePlans();
  const [isChoosing, setChoosing] = useState(false);
  const checkout = useCheckout();
  if (!sellsSubscriptions || billing === undefined || !mayBuy(billing.own)) return null;

  function open() {
    checkout.reset();
    setChoosing(true);
  }

  return (
    <>
      <Button variant={variant} leftSection={<CreditCard size={17} />} onClick={open}>
        Subscribe
      </Button>
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
    </>
  );
}
