import { invalidRequest } from "../errors.ts";
import { hasOldShape } from "../objects/versions.ts";

/**
 * What can be expanded, as Stripe's reference lists it: for each kind of object the paths of its references, with the kind
 * that the reference leads to. A path through an embedded object or list ends in a dot: it cannot be expanded itself.
 */
const EXPANDABLE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  customer: {
    default_source: "payment_source",
    "invoice_settings.default_payment_method": "payment_method",
    sources: "payment_source",
    subscriptions: "list of subscription",
    tax: "tax",
    tax_ids: "tax_id",
    cash_balance: "cash_balance",
    invoice_credit_balance: "balance",
    test_clock: "test_clock",
  },
  subscription: {
    application: "application",
    "automatic_tax.liability.account": "account",
    customer: "customer",
    default_payment_method: "payment_method",
    default_source: "payment_source",
    discounts: "discount",
    "items.": "list of subscription_item",
    "invoice_settings.account_tax_ids": "tax_id",
    latest_invoice: "invoice",
    on_behalf_of: "account",
    pending_setup_intent: "setup_intent",
    schedule: "subscription_schedule",
    test_clock: "test_clock",
    "transfer_data.destination": "account",
  },
  subscription_item: { discounts: "discount", "price.": "price", "plan.": "plan", tax_rates: "tax_rate" },
  price: { product: "product", currency_options: "currency_options", tiers: "tiers" },
  plan: { product: "product", tiers: "tiers" },
  product: { default_price: "price", tax_code: "tax_code" },
  invoice: {
    account_tax_ids: "tax_id",
    application: "application",
    confirmation_secret: "confirmation_secret",
    customer: "customer",
    default_payment_method: "payment_method",
    default_source: "payment_source",
    discounts: "discount",
    "from_invoice.invoice": "invoice",
    latest_revision: "invoice",
    "lines.": "list of line_item",
    on_behalf_of: "account",
    "parent.subscription_details.subscription": "subscription",
    payments: "list of invoice_payment",
    test_clock: "test_clock",
  },
  invoiceitem: {
    customer: "customer",
    discounts: "discount",
    invoice: "invoice",
    "pricing.price_details.price": "price",
    tax_rates: "tax_rate",
    test_clock: "test_clock",
  },
  credit_note: {
    customer: "customer",
    customer_balance_transaction: "customer_balance_transaction",
    invoice: "invoice",
    "lines.": "list of credit_note_line_item",
    "refunds.refund": "refund",
  },
  credit_note_line_item: { tax_rates: "tax_rate" },
  customer_balance_transaction: { credit_note: "credit_note", customer: "customer", invoice: "invoice" },
  refund: { charge: "charge", payment_intent: "payment_intent" },
  dispute: { charge: "charge", payment_intent: "payment_intent" },
  line_item: { discounts: "discount", "pricing.price_details.price": "price", subscription: "subscription" },
  invoice_payment: { invoice: "invoice", "payment.charge": "charge", "payment.payment_intent": "payment_intent" },
  "checkout.session": {
    customer: "customer",
    invoice: "invoice",
    line_items: "list of item",
    payment_intent: "payment_intent",
    payment_link: "payment_link",
    setup_intent: "setup_intent",
    subscription: "subscription",
    "total_details.breakdown": "breakdown",
  },
  item: { "price.": "price", discounts: "discount", taxes: "tax" },
  payment_intent: { customer: "customer", latest_charge: "charge", payment_method: "payment_method" },
  setup_intent: { customer: "customer", payment_method: "payment_method" },
  payment_method: { customer: "customer" },
  charge: { customer: "customer", balance_transaction: "balance_transaction", payment_intent: "payment_intent" },
  "billing_portal.session": { configuration: "billing_portal.configuration", on_behalf_of: "account" },
};

/** What could be expanded before 2025-03-31 only. */
const OLD: typeof EXPANDABLE = {
  invoice: { charge: "charge", payment_intent: "payment_intent", quote: "quote", subscription: "subscription" },
  line_item: { "price.": "price" },
};

/** What each URL answers with. */
const ANSWERS: readonly [path: RegExp, kind: string][] = [
  [/^\/v1\/checkout\/sessions\/[^/]+\/line_items$/, "list of item"],
  [/^\/v1\/checkout\/sessions(\/|$)/, "checkout.session"],
  [/^\/v1\/billing_portal\/sessions/, "billing_portal.session"],
  [/^\/v1\/customers\/[^/]+\/balance_transactions$/, "list of customer_balance_transaction"],
  [/^\/v1\/customers\/[^/]+\/balance_transactions\//, "customer_balance_transaction"],
  [/^\/v1\/customers(\/|$)/, "customer"],
  [/^\/v1\/subscriptions(\/|$)/, "subscription"],
  [/^\/v1\/subscription_items(\/|$)/, "subscription_item"],
  [/^\/v1\/invoices\/[^/]+\/lines$/, "list of line_item"],
  [/^\/v1\/invoices(\/|$)/, "invoice"],
  [/^\/v1\/invoiceitems(\/|$)/, "invoiceitem"],
  [/^\/v1\/invoice_payments(\/|$)/, "invoice_payment"],
  [/^\/v1\/credit_notes\/[^/]+\/lines$/, "list of credit_note_line_item"],
  [/^\/v1\/credit_notes(\/|$)/, "credit_note"],
  [/^\/v1\/charges(\/|$)/, "charge"],
  [/^\/v1\/refunds(\/|$)/, "refund"],
  [/^\/v1\/disputes(\/|$)/, "dispute"],
  [/^\/v1\/prices(\/|$)/, "price"],
  [/^\/v1\/products(\/|$)/, "product"],
];

/** Stripe: "Expansions have a maximum depth of four levels." */
const MOST_LEVELS = 4;

/**
 * Refuses a path that cannot be expanded, before the call has an effect.
 * @throws StripeApiError
 */
export function checkExpansions(
  { method, path, version }: { method: string; path: string; version: string },
  expansions: readonly string[],
): void {
  const kind = ANSWERS.find(([pattern]) => pattern.test(path))?.[1] ?? "other";
  const isList = method === "GET" && /^\/v1\/(checkout\/)?[a-z_]+$/.test(path);
  const fields = (of: string) => ({ ...EXPANDABLE[of], ...(hasOldShape(version) && OLD[of]) });
  for (const expansion of expansions) {
    const names = expansion.split(".");
    if (names.length > MOST_LEVELS) {
      throw invalidRequest(`You cannot expand more than ${MOST_LEVELS} levels of a property (${expansion}).`, "expand");
    }
    if (leads(isList ? `list of ${kind}` : kind, names, fields)) continue;
    const hint = isList && leads(kind, names, fields)
      ? ` You may want to try expanding 'data.${expansion}' instead.`
      : "";
    throw invalidRequest(`This property cannot be expanded (${expansion}).${hint}`, "expand");
  }
}

/** Whether a path leads from an object of this kind to a reference. */
function leads(kind: string, names: readonly string[], fields: (kind: string) => Record<string, string>): boolean {
  const listed = /^list of (.+)$/.exec(kind)?.[1];
  if (listed !== undefined) return names[0] === "data" && leads(listed, names.slice(1), fields);
  const known = fields(kind);
  return names.some((_, index) => {
    const [path, rest] = [names.slice(0, index + 1).join("."), names.slice(index + 1)];
    const embedded = known[`${path}.`];
    if (embedded !== undefined) return rest.length > 0 && leads(embedded, rest, fields);
    const target = known[path];
    return target !== undefined && (rest.length === 0 || leads(target, rest, fields));
  });
}
