import * as z from "zod";
import { invalidRequest } from "../errors.ts";
import { isMetered } from "../objects/catalogue.ts";
import { randomText } from "../objects/ids.ts";
import { buildPortalSession } from "../objects/portal-session.ts";
import { itemOf } from "../objects/subscription.ts";
import type { PortalSession, Subscription } from "../objects/shapes.ts";
import { type PortalRecord, trimOldest } from "../records.ts";
import type { Books } from "./books.ts";
import * as lifecycle from "./lifecycle.ts";

const HOUR = 3600;
const MAX_PORTALS = 200;

/** Opens the portal for a customer. @throws StripeApiError if the customer does not exist */
export function openPortal(
  books: Books,
  { customer, returnUrl }: { customer: string; returnUrl: string | null },
  origin: string,
): PortalSession {
  books.customer(customer, "customer");
  const portal: PortalRecord = { id: randomText(40), customer, returnUrl, createdAt: books.now() };
  books.records.portals.set(portal.id, portal);
  trimOldest(books.records.portals, MAX_PORTALS);
  return buildPortalSession({ customer, returnUrl, url: `${origin}/portal/${portal.id}`, created: portal.createdAt });
}

/** Returns an open portal. @throws StripeApiError if it does not exist or is older than an hour */
export function portalOf(books: Books, secret: string): PortalRecord {
  const portal = books.records.portals.get(secret);
  if (!portal || portal.createdAt + HOUR <= books.now()) {
    throw invalidRequest("Cannot show the billing portal: its session does not exist or has expired");
  }
  return portal;
}

/** Returns the subscriptions of the portal's customer that have not ended. */
export function portalSubscriptions({ records }: Books, { customer }: PortalRecord): Subscription[] {
  return [...records.subscriptions.values()].filter((subscription) =>
    subscription.customer === customer && !lifecycle.hasEnded(subscription)
  );
}

/** Stripe's portal updates no subscription with several products or with a metered price. It can only cancel them. */
export function canSwitch({ items: { data } }: Subscription): boolean {
  return data.length === 1 && !data.some(({ price }) => isMetered(price));
}

/** The body of a form of the portal. */
export const PortalChange = z.discriminatedUnion("change", [
  z.strictObject({ change: z.literal("switch"), subscription: z.string(), price: z.string() }),
  z.strictObject({ change: z.enum(["cancel", "keep", "pay"]), subscription: z.string() }),
]);

/** Changes a subscription as its customer does. @throws StripeApiError if it is not one of the customer's */
export function changeInPortal(books: Books, portal: PortalRecord, request: z.output<typeof PortalChange>): void {
  const subscription = portalSubscriptions(books, portal).find(({ id }) => id === request.subscription);
  if (!subscription) throw invalidRequest("Cannot change the subscription: it is not one of this customer's");
  switch (request.change) {
    case "switch":
      if (!canSwitch(subscription)) {
        throw invalidRequest(
          "Cannot change the plan in the portal: the subscription has several prices or a metered one",
        );
      }
      return lifecycle.changePrice(books, subscription, itemOf(subscription).id, books.price(request.price));
    case "pay":
      return lifecycle.pay(books, subscription);
    case "cancel":
      // As Stripe's portal does: cancel_at, without cancel_at_period_end.
      return lifecycle.setCancelAt(books, subscription, itemOf(subscription).current_period_end);
    case "keep":
      return lifecycle.setCancelAt(books, subscription, null);
  }
}
