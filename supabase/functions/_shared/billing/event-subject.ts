import * as z from "zod";
import type { Enum } from "../platform/database.ts";

/** The customer, subscription and user that a Stripe event is about. */
export interface EventSubject {
  subscriptionId: string | null;
  customerId: string | null;
  userId: string | null;
  /** Where the event names the user; null without a user. */
  origin: Enum<"subscription_origin"> | null;
}

const id = z.union([z.string(), z.object({ id: z.string() }).transform((object) => object.id)]).nullish().transform((
  value,
) => value ?? null);
const uuid = z.guid().toLowerCase().nullish().catch(null).transform((value) => value ?? null);
const metadata = z.object({ user_id: uuid }).nullish().catch(null);

const session = z.object({ subscription: id, customer: id, client_reference_id: uuid, metadata });
const subscription = z.object({ id: z.string(), customer: id, metadata });
/** The subscription of an invoice: under `parent` since 2025-03-31, at the top level before. */
const invoice = z.object({
  customer: id,
  subscription: id,
  parent: z.object({ subscription_details: z.object({ subscription: id, metadata }).nullish() }).nullish(),
});
const customer = z.object({ id: z.string() });

/**
 * Reads the subject of an event we handle, in the current and the old shape; null for types we do not handle, for checkouts
 * without a subscription, and for thin events.
 */
export function subjectOf(type: string, payload: unknown): EventSubject | null {
  const object = z.object({ data: z.object({ object: z.unknown() }) }).safeParse(payload).data?.data.object;
  switch (type) {
    case "checkout.session.completed":
    case "checkout.session.async_payment_succeeded":
    case "checkout.session.async_payment_failed":
      return ofSession(session.parse(object));
    case "customer.subscription.created":
    case "customer.subscription.updated":
    case "customer.subscription.deleted":
    case "customer.subscription.paused":
    case "customer.subscription.resumed":
      return ofSubscription(subscription.parse(object));
    case "invoice.paid":
    case "invoice.payment_failed":
      return ofInvoice(invoice.parse(object));
    case "customer.deleted":
      return { subscriptionId: null, customerId: customer.parse(object).id, ...namedBy(null) };
    default:
      return null;
  }
}

function ofSession(
  { subscription, customer, client_reference_id, metadata }: z.output<typeof session>,
): EventSubject | null {
  if (subscription === null) return null;
  // Metadata comes first: only the holder of the Stripe key sets it, while a visitor chooses the reference.
  const named = namedBy(metadata);
  return {
    subscriptionId: subscription,
    customerId: customer,
    ...(named.userId === null && client_reference_id !== null
      ? { userId: client_reference_id, origin: "checkout" }
      : named),
  };
}

/** The user that metadata names. */
function namedBy(found: z.output<typeof metadata> | undefined): Pick<EventSubject, "userId" | "origin"> {
  const userId = found?.user_id ?? null;
  return { userId, origin: userId === null ? null : "metadata" };
}

function ofSubscription({ id, customer, metadata }: z.output<typeof subscription>): EventSubject {
  return { subscriptionId: id, customerId: customer, ...namedBy(metadata) };
}

function ofInvoice({ customer, subscription, parent }: z.output<typeof invoice>): EventSubject | null {
  const details = parent?.subscription_details;
  const subscriptionId = details?.subscription ?? subscription;
  return subscriptionId === null ? null : { subscriptionId, customerId: customer, ...namedBy(details?.metadata) };
}
