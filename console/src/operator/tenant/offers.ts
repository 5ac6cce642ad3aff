import type { TenantSubscription, TenantView } from "../../../../client/switchboard.ts";

/** The actions on a tenant as a whole. Those on a number, a subscription, an alert or a dead letter are at its row. */
export const TENANT_ACTIONS = ["provision", "suspend", "resume", "sync", "rotate-token", "close"] as const;
export type TenantAction = (typeof TENANT_ACTIONS)[number];

type Facts = Pick<TenantView, "tenant">;

/** Why an action cannot be done now; null when it can. It is the reason that the function would give. */
export function obstacleOf(action: TenantAction, { tenant }: Facts): string | null {
  const { status, operatorHold, subaccountSid, suspendedAtTwilio, userDeletedAt, requestedAt } = tenant;
  const isGone = userDeletedAt !== null;
  switch (action) {
    case "provision":
      if (isGone) return "The user was deleted";
      if (operatorHold !== null) return "An operator's hold comes first: resume the tenant";
      return requestedAt !== null ? "They were given or have asked for a subaccount already" : null;
    case "suspend":
      if (isGone) return "The user was deleted: the subaccount is closed";
      if (operatorHold !== null) return operatorHold === "closed" ? "It is to be closed" : "Suspended already";
      return status === "closed" ? "The subaccount is closed" : null;
    case "resume":
      if (isGone) return "The user was deleted";
      if (operatorHold === null && !suspendedAtTwilio) return "Nothing holds it";
      return null;
    case "sync":
      return null;
    case "rotate-token":
      if (subaccountSid === null || status === "pending") return "There is no token yet";
      return status === "active" ? null : `The subaccount is ${status}: only an active one changes its token`;
    case "close":
      if (isGone) return "The user was deleted: the subaccount is closed";
      if (operatorHold === "closed") return status === "closed" ? "Closed already" : "It is being closed";
      return null;
  }
}

/** The four ways to change when a subscription ends. */
export const CANCELLATIONS = ["now", "now-prorated", "period-end", "undo"] as const;
export type Cancellation = (typeof CANCELLATIONS)[number];

const OVER: ReadonlySet<TenantSubscription["status"]> = new Set(["canceled", "incomplete_expired"]);

/** Whether a subscription has ended at Stripe. */
export function isOver({ status }: Pick<TenantSubscription, "status">): boolean {
  return OVER.has(status);
}

/** Why a subscription cannot be canceled in a way; null when it can. */
export function obstacleToCancel(
  way: Cancellation,
  subscription: Pick<TenantSubscription, "status" | "cancelAt">,
): string | null {
  if (isOver(subscription)) return "The subscription is over";
  switch (way) {
    case "now":
    case "now-prorated":
      return null;
    case "period-end":
      return subscription.cancelAt === null ? null : "It ends then already";
    case "undo":
      return subscription.cancelAt === null ? "No cancellation is scheduled" : null;
  }
}
