import { Button } from "@mantine/core";
import { useState } from "react";
import { CreditCard } from "react-feather";
import { useBackend } from "../platform/backend.tsx";
import { PlanDialog } from "./plan-dialog.tsx";
import { mayBuy, plansForSale } from "./subscription.ts";
import { useBilling, usePlans } from "./use-billing.ts";

/**
 * Opens the choice of a plan. Use `light` when it is not the primary action. Renders nothing when the console does not sell
 * subscriptions or when the tenant already has one.
 */
export function SubscribeButton({ variant = "filled" }: { variant?: "filled" | "light" }) {
  const { config: { sellsSubscriptions } } = useBackend();
  const { billing } = useBilling();
  const { data: plans = [] } = usePlans();
  const [isChoosing, setChoosing] = useState(false);
  if (!sellsSubscriptions || billing === undefined || !mayBuy(billing.subscription)) return null;
  return (
    <>
      <Button variant={variant} leftSection={<CreditCard size={17} />} onClick={() => setChoosing(true)}>
        Subscribe
      </Button>
      <PlanDialog opened={isChoosing} plans={plansForSale(plans)} onClose={() => setChoosing(false)} />
    </>
  );
}
