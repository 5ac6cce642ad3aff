import type Stripe from "stripe";
import type { Json } from "../database.types.ts";
import { kindOfMeter } from "./meters.ts";
import { type Db, decide, type Enum, rows } from "../platform/database.ts";
import { isoOfSeconds } from "../platform/time.ts";
import { isUnknownAtStripe, unlessUnknown } from "../stripe/errors.ts";

export interface ReadInvoiceDependencies {
  db: Db;
  stripe: Stripe;
}

/** Usage on an invoice: one line of a metered price. The quantity is in units, the amount in the currency's smallest unit. */
export interface MeteredLine {
  kind: Enum<"usage_kind">;
  /** A whole number in text, of any size. Others' events may have made it a decimal. */
  quantity: string;
  amount: number;
  periodStart: string;
  periodEnd: string;
}

/** A Stripe invoice with the values of our table. Times are ISO 8601. */
export interface InvoiceFacts {
  id: string;
  stripe_customer_id: string;
  subscription_id: string | null;
  number: string | null;
  status: string;
  currency: string;
  created_at: string;
  period_start: string | null;
  period_end: string | null;
  finalises_at: string | null;
  finalised_at: string | null;
  total: number;
  amount_remaining: number;
  credited: number;
  billing_reason: string | null;
  hosted_url: string | null;
  metered: MeteredLine[];
}

/**
 * Reads an invoice with all its lines and records it. Safe to repeat: of overlapping reads the one that began last is kept.
 * @returns null when Stripe does not know the invoice, such as a deleted draft
 */
export async function readInvoice(
  invoiceId: string,
  { db, stripe }: ReadInvoiceDependencies,
): Promise<Enum<"record_invoice_outcome"> | null> {
  const readNumber = await decide(db, "next_stripe_read", {});
  let invoice: Stripe.Invoice;
  let lines: Stripe.InvoiceLineItem[];
  try {
    invoice = await stripe.invoices.retrieve(invoiceId);
    lines = await linesOf(invoice, stripe);
  } catch (error) {
    if (!isUnknownAtStripe(error)) throw error;
    await decide(db, "forget_invoice", { p_invoice_id: invoiceId, p_read_number: readNumber });
    return null;
  }
  const facts = factsOf(invoice, await meteredLines(lines, { db, stripe }));
  if (facts === null) return "unknown_customer";
  return await decide(db, "record_invoice", {
    p_invoice: facts as unknown as Json,
    p_read_number: readNumber,
    p_problem: facts.status === "draft" ? problemOf(invoice) : null,
  });
}

/** Why Stripe could not finalise a draft, such as an address that its tax calculation needs. */
function problemOf({ last_finalization_error: error }: Stripe.Invoice): string | null {
  return error ? error.code ?? error.type : null;
}

/** Stripe returns the first lines with the invoice, and more of them page by page. */
async function linesOf({ id, lines }: Stripe.Invoice, stripe: Stripe): Promise<Stripe.InvoiceLineItem[]> {
  if (!lines.has_more) return lines.data;
  return await stripe.invoices.listLineItems(id, { limit: 100 }).autoPagingToArray({ limit: 10_000 });
}

/** The lines of metered prices, with the kind of usage that each bills. */
export async function meteredLines(
  lines: readonly Stripe.InvoiceLineItem[],
  { db, stripe }: ReadInvoiceDependencies,
): Promise<MeteredLine[]> {
  const kinds = await kindsOf([...new Set(lines.flatMap((line) => priceOf(line) ?? []))], { db, stripe });
  return lines.flatMap((line) => {
    const kind = kinds.get(priceOf(line) ?? "");
    if (kind === undefined) return [];
    return {
      kind,
      quantity: String(line.quantity_decimal ?? line.quantity ?? 0),
      amount: line.amount,
      periodStart: isoOfSeconds(line.period.start),
      periodEnd: isoOfSeconds(line.period.end),
    };
  });
}

function priceOf({ pricing }: Stripe.InvoiceLineItem): string | null {
  const price = pricing?.price_details?.price;
  return price === undefined ? null : typeof price === "string" ? price : price.id;
}

/** The kinds that prices bill. Prices of recorded items are known; others, such as those of plans, are read from Stripe. */
async function kindsOf(
  priceIds: string[],
  { db, stripe }: ReadInvoiceDependencies,
): Promise<Map<string, Enum<"usage_kind">>> {
  const known = await rows(db, "kinds_of_prices", { p_price_ids: priceIds });
  const kinds = new Map(known.map(({ price_id, kind }) => [price_id, kind]));
  for (const id of priceIds.filter((id) => !kinds.has(id))) {
    const kind = await kindOfPrice(id, { db, stripe });
    if (kind !== null) kinds.set(id, kind);
  }
  return kinds;
}

async function kindOfPrice(
  priceId: string,
  { db, stripe }: ReadInvoiceDependencies,
): Promise<Enum<"usage_kind"> | null> {
  const price = await unlessUnknown(() => stripe.prices.retrieve(priceId));
  return price?.recurring?.meter ? await kindOfMeter(price.recurring.meter, db, stripe) : null;
}

function factsOf(invoice: Stripe.Invoice, metered: MeteredLine[]): InvoiceFacts | null {
  const customerId = idOf(invoice.customer);
  if (customerId === null || invoice.status === null) return null;
  const period = billedPeriod(invoice, metered);
  return {
    id: invoice.id,
    stripe_customer_id: customerId,
    subscription_id: idOf(invoice.parent?.subscription_details?.subscription),
    number: invoice.number,
    status: invoice.status,
    currency: invoice.currency,
    created_at: isoOfSeconds(invoice.created),
    period_start: period?.start ?? null,
    period_end: period?.end ?? null,
    finalises_at: invoice.status === "draft" ? time(invoice.automatically_finalizes_at) : null,
    finalised_at: time(invoice.status_transitions.finalized_at),
    total: invoice.total,
    amount_remaining: invoice.amount_remaining,
    credited: invoice.pre_payment_credit_notes_amount + invoice.post_payment_credit_notes_amount,
    billing_reason: invoice.billing_reason,
    hosted_url: invoice.hosted_invoice_url ?? null,
    metered,
  };
}

/** Far shorter than any billing period. */
const SLACK_SECONDS = 60;

/**
 * The period whose usage an invoice bills: that of its metered lines which are over. The first invoice of a subscription may
 * list them at zero for the period that begins. Without them, the period that Stripe gives, which has no length on a first
 * invoice.
 */
function billedPeriod(
  invoice: Stripe.Invoice,
  metered: readonly MeteredLine[],
): { start: string; end: string } | null {
  if (invoice.billing_reason === "subscription_create") return null;
  // The last invoice of a subscription bills usage of the second in which it was canceled, so its lines may end later.
  const soon = isoOfSeconds(invoice.created + SLACK_SECONDS);
  // A trial that is ended in its first second has no length. Its invoice bills no period, and not the one that begins then.
  const over = metered.filter(({ periodStart, periodEnd }) => periodStart < periodEnd && periodEnd <= soon);
  if (over.length > 0) {
    const starts = over.map(({ periodStart }) => periodStart).sort();
    const ends = over.map(({ periodEnd }) => periodEnd).sort();
    return { start: starts[0]!, end: ends.at(-1)! };
  }
  const bills = invoice.billing_reason === "subscription_cycle" && metered.length === 0;
  if (!bills || invoice.period_start >= invoice.period_end) return null;
  return { start: isoOfSeconds(invoice.period_start), end: isoOfSeconds(invoice.period_end) };
}

function idOf(reference: string | { id: string } | null | undefined): string | null {
  return typeof reference === "string" ? reference : reference?.id ?? null;
}

const time = (seconds: number | null | undefined) => (seconds ? isoOfSeconds(seconds) : null);
