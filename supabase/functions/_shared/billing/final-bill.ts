import type Stripe from "stripe";
import type { Json } from "../database.types.ts";
import { type Db, decide, decision } from "../platform/database.ts";
import { isStripeFailure, isUnknownAtStripe } from "../stripe/errors.ts";
import { billCharge } from "./own-invoice.ts";
import { creditCharge } from "./credit-note.ts";
import type { ChargeResult, FinalCharge } from "./final-charge.ts";
import { readInvoice } from "./read-invoice.ts";

const beginFinalBill = decision("begin_final_bill", {
  none: [],
  wait: [],
  read: ["ended_at", "is_flushed"],
  invoice: ["customer_id", "charge"],
  credit: ["customer_id", "charge"],
});

export interface FinalBillDependencies {
  db: Db;
  stripe: Stripe;
}

/** More than a bill takes: its invoices, and one charge for each currency. */
const MOST_STEPS = 10;

const SECONDS_AN_HOUR = 3600;

/**
 * Bills what is left of a subscription that is over: finalises its drafts, reads its invoices, and bills or gives back what
 * was found later. Safe to repeat and to end anywhere: each step is written before it begins, and what an
 * earlier try has made at Stripe is found again. When the bill is to be looked at again is stored.
 */
export async function settleFinalBill(subscriptionId: string, dependencies: FinalBillDependencies): Promise<void> {
  const { db } = dependencies;
  for (let count = 0; count < MOST_STEPS; count++) {
    const step = await beginFinalBill(db, { p_subscription_id: subscriptionId });
    switch (step.outcome) {
      case "none":
      case "wait":
        return;
      case "read":
        if (!await readInvoicesOf(subscriptionId, step, dependencies)) return;
        break;
      case "invoice":
      case "credit": {
        const charge = step.charge as unknown as FinalCharge;
        const make = step.outcome === "invoice" ? billCharge : creditCharge;
        const result = await make(step.customer_id, charge, dependencies);
        await recordInvoices(result, dependencies);
        await decide(db, "settle_final_charge", {
          p_charge_id: charge.id,
          p_documents: result.documents as unknown as Json,
          p_is_customer_gone: result.isCustomerGone,
        });
        break;
      }
    }
  }
}

/**
 * Finalises drafts that Stripe does not finalise by itself, and reads the last invoices. What no invoice bills becomes rows again.
 * @returns false while Stripe still has a draft
 */
async function readInvoicesOf(
  subscriptionId: string,
  { ended_at: endedAt, is_flushed: isFlushed }: { ended_at: string; is_flushed: boolean },
  { db, stripe }: FinalBillDependencies,
): Promise<boolean> {
  const ended = Math.floor(Date.parse(endedAt) / 1000);
  const from = ended - 75 * 24 * SECONDS_AN_HOUR;
  const list = (filter: Stripe.InvoiceListParams) =>
    unlessGone(() =>
      stripe.invoices.list({ subscription: subscriptionId, limit: 100, ...filter }).autoPagingToArray({ limit: 1000 })
    );
  // Of a subscription that was unpaid for months, Stripe leaves every draft.
  const invoices = [
    ...await list({ status: "draft", created: { lt: from } }),
    ...await list({ created: { gte: from } }),
  ];
  for (const { id, status, auto_advance, created } of invoices) {
    const isLast = created >= ended - SECONDS_AN_HOUR;
    if (status === "draft" && (isFlushed || !auto_advance)) await finalise(id, stripe);
    // Stripe stops the collection of open invoices when a subscription is canceled.
    else if (status === "open" && isLast && !auto_advance) await stripe.invoices.update(id, { auto_advance: true });
    await readInvoice(id, { db, stripe });
  }
  return await decide(db, "record_final_reading", { p_subscription_id: subscriptionId }) !== "not_final";
}

/**
 * Two processes, or Stripe itself, may finalise the same draft. One that Stripe cannot finalise, such as for want of an address for
 * its tax, becomes an alert when it is read.
 */
async function finalise(invoiceId: string, stripe: Stripe): Promise<void> {
  try {
    await stripe.invoices.finalizeInvoice(invoiceId, { auto_advance: true });
  } catch (error) {
    if (!isStripeFailure(error) || error.type !== "StripeInvalidRequestError") throw error;
  }
}

/** Stripe may not know the customer of a subscription any more. */
async function unlessGone<Item>(list: () => Promise<Item[]>): Promise<Item[]> {
  try {
    return await list();
  } catch (error) {
    if (isUnknownAtStripe(error)) return [];
    throw error;
  }
}

async function recordInvoices({ documents }: ChargeResult, { db, stripe }: FinalBillDependencies): Promise<void> {
  for (const invoiceId of new Set(documents.map(({ invoiceId }) => invoiceId))) {
    await readInvoice(invoiceId, { db, stripe });
  }
}
