import { Skeleton } from "@mantine/core";
import { modals } from "@mantine/modals";
import { lazy, type ReactNode, Suspense } from "react";
import { Boundary } from "../platform/boundary.tsx";
import { loadInTime } from "../platform/load-in-time.ts";
import type { Subscription } from "./subscription.ts";

const Subscribe = lazy(() => loadInTime(async () => ({ default: (await import("./plan-choices.tsx")).Subscribe })));
const ChangePlan = lazy(() => loadInTime(async () => ({ default: (await import("./plan-choices.tsx")).ChangePlan })));

const SUBSCRIBE = "subscribe";
const CHANGE = "change-plan";

/** Opens the choice of a plan to subscribe to, which leads to Stripe's checkout. */
export function openSubscribe(): void {
  modals.open({ modalId: SUBSCRIBE, title: "Choose your plan", children: loaded(<Subscribe dialog={SUBSCRIBE} />) });
}

/** Opens the choice of another plan for the tenant's own subscription. */
export function openChangePlan(subscription: Subscription): void {
  modals.open({
    modalId: CHANGE,
    title: "Change your plan",
    children: loaded(<ChangePlan dialog={CHANGE} subscription={subscription} />),
  });
}

function loaded(content: ReactNode): ReactNode {
  return (
    <Boundary>
      <Suspense fallback={<Skeleton h={260} aria-label="Loading the plans" />}>{content}</Suspense>
    </Boundary>
  );
}
