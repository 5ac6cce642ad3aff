import { newId } from "../objects/ids.ts";
import type { BalanceTransaction, Customer, Invoice } from "../objects/shapes.ts";
import { accountOf } from "./account.ts";
import type { Books } from "./books.ts";

/** Why the balance changes, and the objects that changed it. */
interface Cause {
  type: BalanceTransaction["type"];
  invoice?: string;
  creditNote?: string;
  description?: string | null;
  metadata?: BalanceTransaction["metadata"];
}

/** Adds `amount` to the balance of a customer. Below zero, it is a credit that the next invoice uses. */
export function addToBalance(books: Books, customer: Customer, amount: number, cause: Cause): BalanceTransaction {
  const currency = customer.currency ?? "usd";
  const transaction: BalanceTransaction = {
    id: newId("cbtxn"),
    object: "customer_balance_transaction",
    amount,
    checkout_session: null,
    created: books.now(),
    credit_note: cause.creditNote ?? null,
    currency,
    customer: customer.id,
    customer_account: null,
    description: cause.description ?? null,
    ending_balance: customer.balance + amount,
    invoice: cause.invoice ?? null,
    livemode: false,
    metadata: cause.metadata ?? {},
    type: cause.type,
  };
  books.records.balanceTransactions.set(transaction.id, transaction);
  books.change<Customer>("customer.updated", customer, (changed) => {
    changed.balance = transaction.ending_balance;
  });
  return transaction;
}

/**
 * Applies the customer's balance to an invoice that is being finalised. What is left over stays in the balance: credit that
 * the invoice does not use, an invoice below zero, and an amount that is too small to be charged.
 */
export function applyBalance(books: Books, invoice: Invoice, customer: Customer): void {
  const starting = customer.balance;
  const due = invoice.total + starting;
  const isTooSmall = due > 0 && due < accountOf(books.records).minimumCharge;
  const ending = due > 0 && !isTooSmall ? 0 : due;
  invoice.starting_balance = starting;
  invoice.ending_balance = ending;
  invoice.amount_due = due - ending;
  invoice.amount_remaining = invoice.amount_due;
  if (ending === starting) return;
  const type = isTooSmall ? "invoice_too_small" : "applied_to_invoice";
  addToBalance(books, customer, ending - starting, { type, invoice: invoice.id });
}

/** Gives back what an invoice took from the balance or added to it, because it is void. */
export function unapplyBalance(books: Books, invoice: Invoice): void {
  const applied = (invoice.ending_balance ?? 0) - invoice.starting_balance;
  const customer = books.records.customers.get(invoice.customer);
  if (applied === 0 || !customer || "deleted" in customer) return;
  addToBalance(books, customer, -applied, { type: "unapplied_from_invoice", invoice: invoice.id });
}
