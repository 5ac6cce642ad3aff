import { noSuch, StripeApiError } from "../errors.ts";
import { newId } from "../objects/ids.ts";
import { buildInvoice, itemLine, setLines } from "../objects/invoice.ts";
import { itemOf, periodFrom } from "../objects/subscription.ts";
import type { Invoice } from "../objects/shapes.ts";
import type { Books } from "./books.ts";
import { pendingItems } from "./invoice-items.ts";
import { composeInvoice } from "./invoicing.ts";
import { hasEnded } from "./lifecycle.ts";
import { fillUsage } from "./usage.ts";

/**
 * Composes the next invoice of a subscription with the usage so far, or that of a customer's pending items. It is not recorded.
 * @throws StripeApiError if nothing is to be invoiced
 */
export function previewInvoice(
  books: Books,
  input: { customer?: string | undefined; subscription?: string | undefined },
): Invoice {
  if (input.subscription === undefined) return shown(books, previewOfCustomer(books, input.customer));
  const subscription = books.subscription(input.subscription, "subscription");
  if (input.customer !== undefined && input.customer !== subscription.customer) {
    throw noSuch("subscription", subscription.id, "subscription");
  }
  if (hasEnded(subscription)) throw nothingUpcoming(subscription.customer);
  const item = itemOf(subscription);
  const end = Math.min(item.current_period_end, subscription.cancel_at ?? Infinity);
  const endsThen = subscription.cancel_at !== null && subscription.cancel_at <= item.current_period_end;
  const { invoice, usage } = composeInvoice(books, {
    subscription,
    reason: "subscription_cycle",
    closed: { start: item.current_period_start, end },
    opened: endsThen ? null : periodFrom(item.current_period_end, item.price),
    freeUsage: subscription.status === "trialing",
  });
  if (invoice.lines.data.length === 0) throw nothingUpcoming(subscription.customer);
  fillUsage(books, invoice, new Map(usage.map((record) => [record.id, record])));
  invoice.created = end;
  return shown(books, invoice);
}

function previewOfCustomer(books: Books, id = ""): Invoice {
  const customer = books.customer(id, "customer");
  const currency = customer.currency ?? "usd";
  const items = pendingItems(books, { customer: customer.id, currency, subscription: null });
  if (items.length === 0) throw nothingUpcoming(customer.id);
  const created = books.now();
  const invoice = buildInvoice({ customer, subscription: null, currency, reason: "upcoming", period: null, created });
  setLines(invoice, items.map((item) => itemLine(invoice, item)));
  return invoice;
}

/** A preview has an id that no invoice gets, and what the customer's balance leaves to be paid. */
function shown(books: Books, invoice: Invoice): Invoice {
  const { balance } = books.customer(invoice.customer);
  const id = `upcoming_${newId("in")}`;
  invoice.id = id;
  invoice.lines.url = `/v1/invoices/${id}/lines`;
  for (const line of invoice.lines.data) line.invoice = id;
  invoice.starting_balance = balance;
  invoice.amount_due = Math.max(0, invoice.total + balance);
  invoice.amount_remaining = invoice.amount_due;
  return invoice;
}

function nothingUpcoming(customer: string): StripeApiError {
  return new StripeApiError(404, {
    type: "invalid_request_error",
    code: "invoice_upcoming_none",
    message: `No upcoming invoices for customer: ${customer}`,
  });
}
