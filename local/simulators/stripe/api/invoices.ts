import type { Hono } from "hono";
import * as z from "zod";
import * as lifecycle from "../billing/lifecycle.ts";
import { chargedMethodOf, openInvoiceOf, payInvoice } from "../billing/invoicing.ts";
import { declines } from "../billing/payment-methods.ts";
import { invalidRequest, StripeApiError } from "../errors.ts";
import { type Invoice, INVOICE_STATUSES } from "../objects/shapes.ts";
import type { Simulator } from "../simulator.ts";
import { type ApiEnv, booksOf, reply } from "./call.ts";
import { flag, parameters, parse, text, timeRange } from "./form.ts";
import { expectKnown, inRange, listPage, PAGING } from "./lists.ts";

const ListInvoices = parameters({
  ...PAGING,
  customer: text.optional(),
  subscription: text.optional(),
  status: z.enum(INVOICE_STATUSES).optional(),
  collection_method: z.enum(["charge_automatically", "send_invoice"]).optional(),
  created: timeRange.optional(),
});
const PayInvoice = parameters({
  paid_out_of_band: flag.optional(),
  payment_method: text.optional(),
  off_session: flag.optional(),
});

/** Invoices of subscriptions: list, retrieve, pay. */
export function invoiceRoutes(app: Hono<ApiEnv>, simulator: Simulator): void {
  app.get("/v1/invoices", (c) => {
    const filter = parse(ListInvoices, c.get("params"));
    expectKnown(simulator, filter);
    const matches = (invoice: Invoice) =>
      (filter.customer === undefined || invoice.customer === filter.customer) &&
      (filter.subscription === undefined ||
        invoice.parent.subscription_details.subscription === filter.subscription) &&
      (filter.status === undefined || invoice.status === filter.status) &&
      (filter.collection_method === undefined || invoice.collection_method === filter.collection_method) &&
      inRange(invoice.created, filter.created);
    return reply(simulator, c, listPage(simulator.records.invoices.values(), matches, filter, "/v1/invoices"));
  });

  app.get("/v1/invoices/:id", (c) => {
    parse(parameters({}), c.get("params"));
    return reply(simulator, c, booksOf(simulator, c).invoice(c.req.param("id")));
  });

  app.post("/v1/invoices/:id/pay", (c) => {
    const books = booksOf(simulator, c);
    const input = parse(PayInvoice, c.get("params"));
    const invoice = books.invoice(c.req.param("id"));
    if (invoice.status === "paid") throw invalidRequest("Invoice is already paid", undefined, "invoice_already_paid");
    if (invoice.status !== "open") {
      throw invalidRequest(`This invoice can't be paid because its status is ${invoice.status}.`);
    }
    const subscription = books.subscription(invoice.parent.subscription_details.subscription);
    const charged = input.payment_method ?? chargedMethodOf(books, subscription);
    const isLatest = openInvoiceOf(books, subscription)?.id === invoice.id;
    if (!input.paid_out_of_band && declines(charged)) {
      if (isLatest) lifecycle.failPayment(books, subscription);
      throw cardDeclined();
    }
    if (isLatest && !lifecycle.hasEnded(subscription)) lifecycle.pay(books, subscription);
    else payInvoice(books, invoice);
    return reply(simulator, c, invoice);
  });
}

function cardDeclined(): StripeApiError {
  return new StripeApiError(402, { type: "card_error", code: "card_declined", message: "Your card was declined." });
}
