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
import { KIND_LABELS } from "./meters.ts";

/**
 * Bills a charge by an invoice of its own: an invoice item for each kind, and an invoice that includes them. Safe to repeat:
 * each object has the charge as its idempotency key and in its metadata, by which a later try finds it.
 */
export async function billCharge(
  customer: string,
  charge: FinalCharge,
  { stripe }: { stripe: Stripe },
): Promise<ChargeResult> {
  try {
    const found = charge.isRepeated ? await itemsOf(customer, charge, stripe) : [];
    const items: Stripe.InvoiceItem[] = [];
    for (const item of charge.items.filter(({ units }) => units !== 0)) {
      const earlier = found.find(({ metadata }) => metadata?.[KIND_KEY] === item.kind);
      items.push(earlier ?? await createItem(customer, item, charge, stripe));
    }
    return { documents: await invoiced(customer, items, charge, stripe), isCustomerGone: false };
  } catch (error) {
    if (isMissingAtStripe(error, "customer")) return { documents: [], isCustomerGone: true };
    throw error;
  }
}

async function itemsOf(customer: string, charge: FinalCharge, stripe: Stripe): Promise<Stripe.InvoiceItem[]> {
  const items = await stripe.invoiceItems.list({ customer, created: { gte: createdSince(charge) }, limit: 100 })
    .autoPagingToArray({ limit: 10_000 });
  return items.filter((item) => isOfCharge(item, charge));
}

/** The quantity of an item is in units, as on the lines of meters, so that Stripe rounds its amount once. */
async function createItem(
  customer: string,
  { kind, units }: FinalCharge["items"][number],
  { id, currency, unitsOfMinor }: FinalCharge,
  stripe: Stripe,
): Promise<Stripe.InvoiceItem> {
  const { default: Sdk } = await import("stripe");
  return await stripe.invoiceItems.create({
    customer,
    currency,
    quantity: Math.abs(units),
    unit_amount_decimal: Sdk.Decimal.from(`${units < 0 ? "-" : ""}${1 / unitsOfMinor}`),
    tax_behavior: "exclusive",
    description: `${KIND_LABELS[kind]} after the end of the subscription`,
    metadata: { [CHARGE_KEY]: id, [KIND_KEY]: kind },
  }, { idempotencyKey: `charge:${id}:${kind}` });
}

/** An item may be on an invoice already: that of an earlier try, or another one that took in what was pending. */
async function invoiced(
  customer: string,
  items: Stripe.InvoiceItem[],
  charge: FinalCharge,
  stripe: Stripe,
): Promise<ChargeResult["documents"]> {
  const read = async () => await Promise.all(items.map(({ id }) => stripe.invoiceItems.retrieve(id)));
  let current = await read();
  if (current.some(({ invoice }) => invoice === null)) {
    const earlier = charge.isRepeated ? await invoiceOf(customer, charge, stripe) : undefined;
    if (earlier === undefined) await createInvoice(customer, charge, stripe);
    current = await read();
  }
  return current.map(({ id, amount, invoice }) => {
    const invoiceId = idOf(invoice);
    if (invoiceId === null) throw new Error(`Invoice item "${id}" of charge "${charge.id}" is on no invoice`);
    return { type: "invoice_item", id, invoiceId, amount };
  });
}

async function invoiceOf(customer: string, charge: FinalCharge, stripe: Stripe): Promise<Stripe.Invoice | undefined> {
  const invoices = await stripe.invoices.list({ customer, created: { gte: createdSince(charge) }, limit: 100 })
    .autoPagingToArray({ limit: 1000 });
  return invoices.find((invoice) => isOfCharge(invoice, charge));
}

/** It is collected and taxed as the invoices of the subscription were. */
async function createInvoice(
  customer: string,
  { id, currency, subscriptionId }: FinalCharge,
  stripe: Stripe,
): Promise<void> {
  const ended = await stripe.subscriptions.retrieve(subscriptionId);
  const paymentMethod = idOf(ended.default_payment_method);
  await stripe.invoices.create({
    customer,
    currency,
    auto_advance: true,
    pending_invoice_items_behavior: "include",
    collection_method: ended.collection_method,
    ...(ended.collection_method === "send_invoice" && { days_until_due: ended.days_until_due ?? 30 }),
    ...(paymentMethod !== null && { default_payment_method: paymentMethod }),
    ...(ended.automatic_tax.enabled && { automatic_tax: { enabled: true } }),
    metadata: { [CHARGE_KEY]: id },
  }, { idempotencyKey: `charge:${id}` });
}
