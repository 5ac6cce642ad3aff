import { Button } from "@mantine/core";
import { useState } from "react";
import { PlanDialog } from "./plan-dialog.tsx";
import { mayChangePlan, plansForSale, type Subscription } from "./subscription.ts";
import { usePlans } from "./use-billing.ts";
import { useChangePlan } from "./use-own-subscription.ts";

const NOTE =
  "The change takes effect at once. Stripe prorates the price: the difference for the rest of the period is on " +
  "your next invoice.";

/**
 * Moves the tenant's own subscription to another plan. Stripe's billing portal cannot, because the subscription also bills
 * usage. Renders nothing when there is no other plan, or when the plan cannot be changed now.
 */
export function ChangePlanButton({ subscription }: { subscription: Subscription }) {
  const { data: plans = [] } = usePlans();
  const [isChoosing, setChoosing] = useState(false);
  const change = useChangePlan();
  const forSale = plansForSale(plans);
  const { plan_key: current } = subscription;
  const close = () => setChoosing(false);
  if (!mayChangePlan(subscription, plans) || forSale.every(({ key }) => key === current)) return null;

  function open() {
    change.reset();
    setChoosing(true);
  }

  return (
    <>
      <Button variant="light" onClick={open}>Change plan</Button>
      <PlanDialog
        opened={isChoosing}
        title="Change your plan"
        plans={forSale}
        current={current}
        note={NOTE}
        actionOf={({ name }) => `Change to ${name}`}
        progress={change}
        onChoose={(plan) => change.mutate({ subscription, plan }, { onSuccess: close })}
        onClose={close}
      />
    </>
  );
}
