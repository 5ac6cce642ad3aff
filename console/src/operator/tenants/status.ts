import type { Tenant } from "../../../../client/switchboard.ts";

type Facts = Pick<
  Tenant,
  | "status"
  | "wanted"
  | "subaccountSid"
  | "operatorHold"
  | "suspendedAtTwilio"
  | "isDrifting"
  | "userDeletedAt"
  | "requestedAt"
  | "lastError"
>;

export interface ShownStatus {
  /** What the subaccount is. */
  label: string;
  color: "teal" | "blue" | "orange" | "red" | "gray";
  /** What it should be, where that differs; null where it does not. */
  wanted: string | null;
  /** Why it is so, where the status alone does not say; null for a usual state. */
  reason: string | null;
}

/** The status of a tenant's subaccount in words. */
export function statusOf(tenant: Facts): ShownStatus {
  return { ...actual(tenant), wanted: wantedOf(tenant), reason: reasonOf(tenant) };
}

/**
 * A tenant's plan. One that is unpaid, paused or canceled is lapsed: the limits are then those without a subscription.
 * @param nameOf the name of a plan, by its key
 */
export function planInWords(
  { plan, lapsedPlan }: Pick<Tenant, "plan" | "lapsedPlan">,
  nameOf = (key: string) => key,
): string {
  if (lapsedPlan !== null) return `${nameOf(lapsedPlan)}, lapsed`;
  return plan === null ? "No plan" : nameOf(plan);
}

function wantedOf({ isDrifting, status, wanted }: Facts): string | null {
  if (!isDrifting) return null;
  // The SID or the sealed token is missing.
  if (status === wanted) return "Not set up completely";
  return status === "pending" && wanted === "active" ? null : WANTED[wanted];
}

const WANTED: Readonly<Record<Tenant["wanted"], string>> = {
  none: "Should have no subaccount",
  active: "Should be active",
  suspended: "Should be suspended",
  closed: "Should be closed",
};

function actual({ status, subaccountSid, wanted, lastError }: Facts): Pick<ShownStatus, "label" | "color"> {
  switch (status) {
    case "pending":
      if (subaccountSid === null && wanted !== "active") return { label: "No subaccount", color: "gray" };
      return lastError === null ? { label: "Being set up", color: "blue" } : { label: "Setup fails", color: "red" };
    case "active":
      return { label: "Active", color: "teal" };
    case "suspended":
      return { label: "Suspended", color: "orange" };
    case "closed":
      return { label: "Closed", color: "gray" };
  }
}

/** The strongest reason: a deleted user is closed whatever else is demanded. */
function reasonOf({ userDeletedAt, operatorHold, suspendedAtTwilio }: Facts): string | null {
  if (userDeletedAt !== null) return "The user is deleted";
  switch (operatorHold) {
    case "closed":
      return "Closed by an operator";
    case "suspended":
      return "Held by an operator";
    case null:
      return suspendedAtTwilio ? "Suspended in Twilio’s console" : null;
  }
}

/** How long a change of the subaccount takes at most, as long as nothing fails. */
const SOON_MS = 120_000;

/** Whether a change that was asked for is on its way: its end is worth looking for every few seconds. */
export function isOnItsWay({ isDrifting, lastError, requestedAt }: Facts, now: Date): boolean {
  return isDrifting && lastError === null && requestedAt !== null &&
    now.getTime() - new Date(requestedAt).getTime() < SOON_MS;
}
