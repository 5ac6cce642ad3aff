import type { StripeEvent } from "./shapes.ts";

/** The API version of endpoints created in mid-2024, before Stripe moved the period and the parent fields. */
export const OLD_API_VERSION = "2024-06-20";

type Fields = Record<string, unknown>;

/** Renders an event for an endpoint that is pinned to an old API version. */
export function inOldShape(event: StripeEvent, version = OLD_API_VERSION): StripeEvent {
  const { object, previous_attributes: previous } = event.data;
  const data: StripeEvent["data"] = { object: oldObject(object) };
  if (previous) data.previous_attributes = oldPrevious(object, previous);
  return { ...event, api_version: version, data };
}

/**
 * Renders a response with all objects in it for a call with an old version. An event keeps the shape in which it was created.
 */
export function objectInOldShape(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(objectInOldShape);
  if (typeof value !== "object" || value === null) return value;
  const fields = value as Fields;
  if (fields.object === "event") return fields;
  // The object before its parts: a subscription reads the period of its items, which lose it.
  return Object.fromEntries(Object.entries(oldObject(fields)).map(([name, part]) => [name, objectInOldShape(part)]));
}

function oldObject(object: Fields): Fields {
  switch (object.object) {
    case "subscription":
      return oldSubscription(object);
    case "subscription_item":
      return oldItem(object);
    case "invoice":
      return oldInvoice(object);
    case "checkout.session":
      return { ...object, ui_mode: "hosted" };
    default:
      return object;
  }
}

/** In the old version, the subscription has the period, which is now on its items, and also `plan` and `quantity`. */
function oldSubscription(subscription: Fields): Fields {
  const {
    billing_mode: _mode,
    billing_schedules: _schedules,
    managed_payments: _managed,
    status_details: _details,
    ...rest
  } = subscription;
  const list = subscription.items as { data: Fields[] };
  const first = list.data[0] ?? {};
  return {
    ...rest,
    current_period_end: first.current_period_end,
    current_period_start: first.current_period_start,
    discount: null,
    items: { ...list, data: list.data.map(oldItem) },
    plan: first.plan,
    quantity: first.quantity,
  };
}

function oldItem({ current_period_end: _end, current_period_start: _start, ...rest }: Fields): Fields {
  return rest;
}

/** In the old version, the invoice has the fields `subscription` and `paid`. */
function oldInvoice(invoice: Fields): Fields {
  const { parent, total_taxes: _taxes, customer_account: _account, ...rest } = invoice;
  const details = (parent as { subscription_details: { subscription: string; metadata: Fields } } | null)
    ?.subscription_details;
  const list = invoice.lines as { data: Fields[] };
  return {
    ...rest,
    charge: null,
    discount: null,
    lines: { ...list, data: list.data.map(oldLine) },
    paid: invoice.status === "paid",
    paid_out_of_band: false,
    payment_intent: null,
    quote: null,
    subscription: details?.subscription ?? null,
    subscription_details: details ? { metadata: details.metadata } : null,
    tax: null,
    total_tax_amounts: [],
  };
}

function oldLine(
  { parent, pricing, taxes: _taxes, quantity_decimal: _decimal, subtotal: _sub, ...rest }: Fields,
): Fields {
  const { subscription_item_details: item, invoice_item_details: invoiceItem } = parent as Record<
    string,
    Fields | null
  >;
  const { price_details: price, unit_amount_decimal } = pricing as {
    price_details?: Fields;
    unit_amount_decimal: string;
  };
  return {
    ...rest,
    price: price ? { id: price.price, object: "price", product: price.product } : null,
    proration: invoiceItem?.proration ?? false,
    ...(item ? { subscription: item.subscription, subscription_item: item.subscription_item, type: "subscription" } : {
      subscription: invoiceItem?.subscription ?? null,
      invoice_item: invoiceItem?.invoice_item,
      type: "invoiceitem",
    }),
    unit_amount_excluding_tax: unit_amount_decimal,
  };
}

/** Moves previous values with their fields: in the old version a new period is a change of the subscription. */
function oldPrevious(object: Fields, previous: Fields): Fields {
  if (object.object === "invoice" && previous.status !== undefined) {
    return { ...previous, paid: previous.status === "paid" };
  }
  const items = previous.items as { data?: Fields[] } | undefined;
  const first = items?.data?.[0];
  if (object.object !== "subscription" || !first) return previous;
  const now = oldSubscription(object);
  const { items: _items, ...rest } = previous;
  const moved: Fields = { ...rest, items: { ...items, data: items.data!.map(oldItem) } };
  for (const field of ["current_period_start", "current_period_end", "plan", "quantity"]) {
    if (JSON.stringify(first[field]) !== JSON.stringify(now[field])) moved[field] = first[field];
  }
  return moved;
}
