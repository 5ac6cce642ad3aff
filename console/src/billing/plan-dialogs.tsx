import { modals } from "@mantine/modals";
import type { ReactNode } from "react";
import { DialogPart, part } from "../platform/part.tsx";
import type { Subscription } from "./subscription.ts";

const Subscribe = part(() => import("./plan-choices.tsx").then(({ Subscribe }) => Subscribe));
const ChangePlan = part(() => import("./plan-choices.tsx").then(({ ChangePlan }) => ChangePlan));

const SUBSCRIBE = "subscribe";
const CHANGE = "change-plan";

/** Opens the choice of a plan to subscribe to, which leads to Stripe's checkout. @param suggested the key of a plan */
export function openSubscribe(suggested?: string): void {
  modals.open({
    modalId: SUBSCRIBE,
    title: "Choose your plan",
    children: loaded(<Subscribe dialog={SUBSCRIBE} suggested={suggested} />),
  });
}

/** Opens the choice of another plan for the tenant's own subscription. @param suggested the key of a plan */
export function openChangePlan(subscription: Subscription, suggested?: string): void {
  modals.open({
    modalId: CHANGE,
    title: "Change your plan",
    children: loaded(<ChangePlan dialog={CHANGE} subscription={subscription} suggested={suggested} />),
  });
}

function loaded(content: ReactNode): ReactNode {
  return <DialogPart height={260} label="Loading the plans">{content}</DialogPart>;
}
