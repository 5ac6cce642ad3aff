import * as z from "zod";
import type { Enum } from "../platform/database.ts";

/** What to read from Stripe for an event, and the user that a checkout was opened for. */
export interface EventSubject {
  subscriptionId: string | null;
  /** Set for an event about a customer: all their subscriptions are read. */
  customerId: string | null;
  /** The invoice that a job reads. */
  invoiceId: string | null;
  /** The charge whose refund or dispute the operator learns of. */
  chargeId: string | null;
  /** Read from a checkout only. A subscription names its user itself when it is read, as it is then. */
  userId: string | null;
  /** Where the checkout names the user; null without a user. */
  origin: Enum<"subscription_origin"> | null;
}

/** The types of Stripe's events that are handled. */
export const HANDLED_TYPES = [
  "checkout.session.completed",
  "checkout.session.async_payment_succeeded",
  "checkout.session.async_payment_failed",
  "customer.subscription.created",
  "customer.subscription.updated",
  "customer.subscription.deleted",
  "customer.subscription.paused",
  "customer.subscription.resumed",
  "invoice.created",
  "invoice.updated",
  "invoice.finalized",
  "invoice.finalization_failed",
  "invoice.paid",
  "invoice.payment_failed",
  "invoice.voided",
  "invoice.marked_uncollectible",
  "credit_note.created",
  "credit_note.voided",
  "charge.refunded",
  "charge.dispute.created",
  "customer.deleted",
] as const;
type HandledType = typeof HANDLED_TYPES[number];

const id = z.union([z.string(), z.object({ id: z.string() }).transform((object) => object.id)]).nullish().transform((
  value,
) => value ?? null);
const uuid = z.guid().toLowerCase().nullish().catch(null).transform((value) => value ?? null);
const metadata = z.object({ user_id: uuid }).nullish().catch(null);

const session = z.object({ subscription: id, client_reference_id: uuid, metadata });
/** The subscription of an invoice: under `parent` since 2025-03-31, at the top level before. */
const invoice = z.object({
  id: z.string(),
  subscription: id,
  parent: z.object({ subscription_details: z.object({ subscription: id }).nullish() }).nullish(),
});
const creditNote = z.object({ invoice: id });
const dispute = z.object({ charge: id });
const identified = z.object({ id: z.string() });

const NOTHING: EventSubject = {
  subscriptionId: null,
  customerId: null,
  invoiceId: null,
  chargeId: null,
  userId: null,
  origin: null,
};

/** An event of a connected account, of which our key reads nothing. */
const ofOtherAccount = z.object({ account: z.string().min(1) });

/**
 * Reads the subject of an event we handle, in the current and the old shape, or why there is none: its type is not handled,
 * it is of another account, its checkout has no subscription, or its object does not have the documented shape.
 */
export function subjectOf(type: string, payload: unknown): EventSubject | Enum<"ignored_event_reason"> {
  if (!isHandled(type)) return "type_not_handled";
  if (ofOtherAccount.safeParse(payload).success) return "other_account";
  const object = z.object({ data: z.object({ object: z.unknown() }) }).safeParse(payload).data?.data.object;
  try {
    return subjectIn(type, object) ?? "no_subscription";
  } catch (error) {
    if (error instanceof z.ZodError) return "malformed";
    throw error;
  }
}

function subjectIn(type: HandledType, object: unknown): EventSubject | null {
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
      return subjectOfSubscription(identified.parse(object).id);
    case "invoice.created":
    case "invoice.updated":
    case "invoice.finalized":
    case "invoice.finalization_failed":
    case "invoice.paid":
    case "invoice.payment_failed":
    case "invoice.voided":
    case "invoice.marked_uncollectible":
      return ofInvoice(invoice.parse(object));
    case "credit_note.created":
    case "credit_note.voided":
      return { ...NOTHING, invoiceId: named(creditNote.parse(object).invoice) };
    case "charge.refunded":
      return { ...NOTHING, chargeId: identified.parse(object).id };
    case "charge.dispute.created":
      return { ...NOTHING, chargeId: named(dispute.parse(object).charge) };
    case "customer.deleted":
      return { ...NOTHING, customerId: identified.parse(object).id };
  }
}

function isHandled(type: string): type is HandledType {
  return (HANDLED_TYPES as readonly string[]).includes(type);
}

/** What is read for a subscription alone. */
export function subjectOfSubscription(subscriptionId: string): EventSubject {
  return { ...NOTHING, subscriptionId };
}

function ofSession({ subscription, client_reference_id, metadata }: z.output<typeof session>): EventSubject | null {
  if (subscription === null) return null;
  // Metadata comes first: only the holder of the Stripe key sets it, while a visitor chooses the reference.
  const named = metadata?.user_id ?? null;
  const userId = named ?? client_reference_id;
  const origin = named !== null ? "metadata" : "checkout";
  return { ...subjectOfSubscription(subscription), userId, origin: userId === null ? null : origin };
}

/** An invoice without a subscription is of its own, such as the final bill of a tenant who has left. */
function ofInvoice({ id: invoiceId, subscription, parent }: z.output<typeof invoice>): EventSubject {
  return { ...NOTHING, subscriptionId: parent?.subscription_details?.subscription ?? subscription, invoiceId };
}

/** @throws ZodError without an id, which the documented shape has */
function named(value: string | null): string {
  return z.string().parse(value);
}
