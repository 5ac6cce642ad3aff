import { Center, Loader } from "@mantine/core";
import { modals } from "@mantine/modals";
import { useBusyDialog } from "../platform/busy-dialog.ts";
import { LoadFailure } from "../platform/load-failure.tsx";
import { PlanConsequences } from "./plan-consequences.tsx";
import { PlanForm } from "./plan-form.tsx";
import { plansForSale, type Subscription } from "./subscription.ts";
import { usePlans } from "./use-billing.ts";
import { useChangePlan } from "./use-own-subscription.ts";
import { useCheckout } from "./use-stripe-pages.ts";

interface InDialog {
  /** The dialog's id. */
  dialog: string;
  /** The key of the plan that is chosen at first. */
  suggested?: string | undefined;
}

/** The choice of a plan to subscribe to. */
export function Subscribe({ dialog, suggested }: InDialog) {
  const plans = usePlans();
  const checkout = useCheckout();
  useBusyDialog(dialog, checkout.isPending);
  if (plans.data === undefined) return <PlansLoading {...plans} />;
  return (
    <PlanForm
      plans={plansForSale(plans.data)}
      suggested={suggested}
      note="Usage that your plan does not include is billed at the end of each period. Stripe handles the payment."
      actionOf={() => "Continue to payment"}
      progress={checkout}
      onChoose={({ key }) => checkout.mutate(key)}
      onClose={() => modals.close(dialog)}
    />
  );
}

/** What a change of the plan leads to. */
const NOTE =
  "The change takes effect at once. Stripe prorates the price: the difference for the rest of the period is on " +
  "your next invoice.";

/** The choice of another plan. */
export function ChangePlan({ dialog, subscription, suggested }: InDialog & { subscription: Subscription }) {
  const plans = usePlans();
  const change = useChangePlan();
  const close = () => modals.close(dialog);
  useBusyDialog(dialog, change.isPending);
  if (plans.data === undefined) return <PlansLoading {...plans} />;
  return (
    <PlanForm
      plans={plansForSale(plans.data)}
      current={subscription.plan_key}
      suggested={suggested}
      consequences={(plan) => (
        <PlanConsequences from={plans.data.find(({ key }) => key === subscription.plan_key) ?? null} to={plan} />
      )}
      note={NOTE}
      actionOf={({ name }) => `Change to ${name}`}
      progress={change}
      onChoose={(plan) => change.mutate({ subscription, plan }, { onSuccess: close })}
      onClose={close}
    />
  );
}

function PlansLoading({ error, refetch }: { error: Error | null; refetch: () => unknown }) {
  if (error !== null) return <LoadFailure error={error} onRetry={() => void refetch()} />;
  return (
    <Center h={160}>
      <Loader aria-label="Loading the plans" />
    </Center>
  );
}
