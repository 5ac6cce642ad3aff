import { amountOf, plainDecimal, wholeOf } from "./amounts.ts";
import { newId } from "./ids.ts";
import type { InvoiceItem, Metadata } from "./shapes.ts";
import type { Period } from "./subscription.ts";

export interface InvoiceItemInput {
  customer: string;
  currency: string;
  /** In the smallest unit of the currency, with up to 12 decimal places. Below zero, the item is a credit. */
  unitAmount: string;
  quantity: string;
  price: { id: string; product: string } | null;
  subscription: { id: string; item: string | null } | null;
  /** The draft that bills the item. Null: the next invoice of the customer that includes pending items. */
  invoice: string | null;
  description: string | null;
  period: Period;
  proration: boolean;
  discountable: boolean;
  metadata: Metadata;
  created: number;
}

/** Builds an invoice item as `invoiceItems.create` does. */
export function buildInvoiceItem(input: InvoiceItemInput): InvoiceItem {
  const amount = amountOf(input.quantity, input.unitAmount);
  return {
    id: newId("ii"),
    object: "invoiceitem",
    amount,
    currency: input.currency,
    customer: input.customer,
    customer_account: null,
    date: input.created,
    description: input.description,
    discountable: input.discountable,
    discounts: [],
    invoice: input.invoice,
    livemode: false,
    metadata: input.metadata,
    net_amount: amount,
    parent: input.subscription && {
      subscription_details: {
        subscription: input.subscription.id,
        ...(input.subscription.item !== null && { subscription_item: input.subscription.item }),
      },
      type: "subscription_details",
    },
    period: input.period,
    pricing: {
      ...(input.price && { price_details: { price: input.price.id, product: input.price.product } }),
      type: "price_details",
      unit_amount_decimal: plainDecimal(input.unitAmount),
    },
    proration: input.proration,
    quantity: wholeOf(input.quantity) ?? 0,
    quantity_decimal: plainDecimal(input.quantity),
    tax_rates: [],
    test_clock: null,
  };
}

/** Returns the subscription that an invoice item belongs to. Null for an item of the customer. */
export function subscriptionOfItem(item: InvoiceItem): string | null {
  return item.parent?.subscription_details?.subscription ?? null;
}
