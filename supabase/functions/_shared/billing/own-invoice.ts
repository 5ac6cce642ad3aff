import type Stripe from "stripe";
import { isMissingAtStripe } from "../stripe/errors.ts";
import {
  CHARGE_KEY,
  type ChargeResult,
  createdSince,
  type FinalCharge,
  idOf,
  isOfCharge,
  KIND_KEY,
} from "./final-charge.ts";
import { KIND_LABELS } from "./kind-labels.ts";
import { unitAmount } from "./meters.ts";

/**
 * Bills a charge by an invoice of its own, with an item for each kind. The items are added to its draft, so that it has nothing
 * else and no other invoice takes them. Safe to repeat: each object has the charge as its idempotency key and in its metadata, by
 * which a later try finds it.
 */
export async function billCharge(
  customer: string,
  charge: FinalCharge,
  { stripe }: { stripe: Stripe },
): Promise<ChargeResult> {
  try {
    const earlier = charge.isRepeated ? await invoiceOf(customer, charge, stripe) : undefined;
    const invoice = earlier ?? await createDraft(customer, charge, stripe);
    const found = charge.isRepeated ? await itemsOn(invoice, charge, stripe) : [];
    const items: Stripe.InvoiceItem[] = [];
    for (const item of charge.items.filter(({ units }) => units !== 0)) {
      const existing = found.find(({ metadata }) => metadata?.[KIND_KEY] === item.kind);
      items.push(existing ?? await createItem(invoice, item, charge, stripe));
    }
    // Stripe finalises it in about an hour. What prevents that becomes an alert when the invoice is read.
    if (invoice.status === "draft" && !invoice.auto_advance) {
      await stripe.invoices.update(invoice.id, { auto_advance: true });
    }
    return {
      documents: items.map(({ id, amount }) => ({ type: "invoice_item", id, invoiceId: invoice.id, amount })),
      isCustomerGone: false,
    };
  } catch (error) {
    if (isMissingAtStripe(error, "customer")) return { documents: [], isCustomerGone: true };
    throw error;
  }
}

async function invoiceOf(customer: string, charge: FinalCharge, stripe: Stripe): Promise<Stripe.Invoice | undefined> {
  const invoices = await stripe.invoices.list({ customer, created: { gte: createdSince(charge) }, limit: 100 })
    .autoPagingToArray({ limit: 1000 });
  return invoices.find((invoice) => isOfCharge(invoice, charge));
}

async function itemsOn({ id }: Stripe.Invoice, charge: FinalCharge, stripe: Stripe): Promise<Stripe.InvoiceItem[]> {
  const { data } = await stripe.invoiceItems.list({ invoice: id, limit: 100 });
  return data.filter((item) => isOfCharge(item, charge));
}

/** The quantity of an item is in units, as on the lines of meters, so that Stripe rounds its amount once. */
async function createItem(
  { id: invoice, customer }: Stripe.Invoice,
  { kind, units }: FinalCharge["items"][number],
  { id, currency }: FinalCharge,
  stripe: Stripe,
): Promise<Stripe.InvoiceItem> {
  const { default: Sdk } = await import("stripe");
  return await stripe.invoiceItems.create({
    customer: idOf(customer)!,
    invoice,
    currency,
    quantity: Math.abs(units),
    unit_amount_decimal: Sdk.Decimal.from(`${units < 0 ? "-" : ""}${unitAmount(currency)}`),
    tax_behavior: "exclusive",
    description: `${KIND_LABELS[kind]} after the end of the subscription`,
    metadata: { [CHARGE_KEY]: id, [KIND_KEY]: kind },
  }, { idempotencyKey: `charge:${id}:${kind}` });
}

/** It is taxed as the invoices of the subscription were. */
async function createDraft(
  customer: string,
  { id, currency, subscriptionId }: FinalCharge,
  stripe: Stripe,
): Promise<Stripe.Invoice> {
  const ended = await stripe.subscriptions.retrieve(subscriptionId);
  return await stripe.invoices.create({
    customer,
    currency,
    auto_advance: false,
    pending_invoice_items_behavior: "exclude",
    ...await collectionOf(ended, customer, stripe),
    ...(ended.automatic_tax.enabled && { automatic_tax: { enabled: true } }),
    metadata: { [CHARGE_KEY]: id },
  }, { idempotencyKey: `charge:${id}` });
}

type Collection = Pick<
  Stripe.InvoiceCreateParams,
  "collection_method" | "days_until_due" | "default_payment_method" | "default_source"
>;

/** How long a customer has to pay an invoice that is sent. */
const DAYS_UNTIL_DUE = 30;

/**
 * Stripe charges an invoice of its own to the customer's default only, and not to the card of a subscription, which is where Checkout
 * keeps the card. So it names that card. Without any, the invoice is sent to the customer.
 */
async function collectionOf(ended: Stripe.Subscription, customerId: string, stripe: Stripe): Promise<Collection> {
  const sent = { collection_method: "send_invoice", days_until_due: ended.days_until_due ?? DAYS_UNTIL_DUE } as const;
  if (ended.collection_method === "send_invoice") return sent;
  const charged = { collection_method: "charge_automatically" } as const;
  const method = idOf(ended.default_payment_method);
  if (method !== null) return { ...charged, default_payment_method: method };
  const source = idOf(ended.default_source);
  if (source !== null) return { ...charged, default_source: source };
  const customer = await stripe.customers.retrieve(customerId);
  if (customer.deleted) return charged;
  const hasDefault = customer.invoice_settings.default_payment_method !== null || customer.default_source !== null;
  // Stripe sends no invoice without an address. Then it stays open, as an invoice whose payment failed does.
  return hasDefault || !customer.email ? charged : sent;
}
