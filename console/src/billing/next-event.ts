import { longDate } from "../platform/dates.ts";
import type { Subscription } from "./subscription.ts";

/** Describes what happens next to a subscription, and when. */
export function noteOn(subscription: Subscription | null): string {
  if (subscription === null) return "You have no subscription";
  const { status, current_period_end: periodEnd, cancel_at: cancelAt, ended_at: endedAt } = subscription;
  const on = (date: string | null) => date === null ? "" : ` on ${longDate(date)}`;
  switch (status) {
    case "trialing":
      return cancelAt === null
        ? `Your trial ends${on(periodEnd)}`
        : `Your trial ends${on(cancelAt)} and will not renew`;
    case "active":
      return cancelAt === null ? `Renews${on(periodEnd)}` : `Canceled: ends${on(cancelAt)}`;
    case "past_due":
      return cancelAt === null
        ? "Your last payment failed. Pay it to keep your service running"
        : `Your last payment failed. Canceled: ends${on(cancelAt)}`;
    case "unpaid":
    case "paused":
      return cancelAt === null
        ? "Your subscription and your service are paused"
        : `Your subscription and your service are paused. Canceled: ends${on(cancelAt)}`;
    case "canceled":
      return `Your subscription ended${on(endedAt)}`;
    default:
      return "Your first payment is not complete yet";
  }
}
