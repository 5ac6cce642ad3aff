import { Button } from "@mantine/core";
import { openChangePlan } from "./plan-dialogs.tsx";
import { mayChangePlan, plansForSale, type Subscription } from "./subscription.ts";
import { usePlans } from "./use-billing.ts";

/**
 * Moves the tenant's own subscription to another plan. Stripe's billing portal cannot, because the subscription also bills
 * usage. Renders nothing when there is no other plan, or when the plan cannot be changed now.
 */
export function ChangePlanButton({ subscription }: { subscription: Subscription }) {
  const { data: plans = [] } = usePlans();
  const { plan_key: current } = subscription;
  if (!mayChangePlan(subscription, plans) || plansForSale(plans).every(({ key }) => key === current)) return null;
  return <Button variant="light" onClick={() => openChangePlan(subscription)}>Change plan</Button>;
}
