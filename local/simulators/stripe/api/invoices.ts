import type { Hono } from "hono";
import * as z from "zod";
import * as collection from "../billing/collection.ts";
import { writeOffInvoice } from "../billing/invoicing.ts";
import { previewInvoice } from "../billing/preview.ts";
import { invalidRequest } from "../errors.ts";
import { subscriptionOf } from "../objects/invoice.ts";
import { type Invoice, INVOICE_STATUSES } from "../objects/shapes.ts";
import type { Simulator } from "../simulator.ts";
import { type ApiEnv, booksOf, reply } from "./call.ts";
import {
  automaticTax,
  flag,
  ignored,
  metadata,
  parameters,
  parse,
  text,
  timeRange,
  unsettable,
  whole,
} from "./form.ts";
import { expectKnown, inRange, listPage, PAGING } from "./lists.ts";

const ListInvoices = parameters({
  ...PAGING,
  customer: text.optional(),
  subscription: text.optional(),
  status: z.enum(INVOICE_STATUSES).optional(),
  collection_method: z.enum(["charge_automatically", "send_invoice"]).optional(),
  created: timeRange.optional(),
});
const FIELDS = {
  auto_advance: flag.optional(),
  automatically_finalizes_at: whole.optional(),
  collection_method: z.enum(["charge_automatically", "send_invoice"]).optional(),
  days_until_due: whole.optional(),
  default_payment_method: unsettable.optional(),
  description: unsettable.optional(),
  metadata: z.union([metadata, z.literal("")]).optional(),
  automatic_tax: automaticTax.optional(),
  custom_fields: ignored,
  footer: ignored,
  payment_settings: ignored,
};
const CreateInvoice = parameters({
  ...FIELDS,
  customer: text,
  subscription: text.optional(),
  currency: z.string().regex(/^[a-z]{3}$/, "expected a three-letter currency").optional(),
  pending_invoice_items_behavior: z.enum(["exclude", "include"]).optional(),
});
const UpdateInvoice = parameters(FIELDS);
const PreviewInvoice = parameters({
  customer: text.optional(),
  subscription: text.optional(),
  preview_mode: z.literal("next").optional(),
  automatic_tax: ignored,
});
const FinalizeInvoice = parameters({ auto_advance: flag.optional() });
const PayInvoice = parameters({
  paid_out_of_band: flag.optional(),
  payment_method: text.optional(),
  off_session: flag.optional(),
  forgive: flag.optional(),
});
const NoParameters = parameters({});

/** Invoices: create, preview, list, retrieve, update, finalise, pay, send, void, write off, delete, and their lines. */
export function invoiceRoutes(app: Hono<ApiEnv>, simulator: Simulator): void {
  const { records } = simulator;

  app.post("/v1/invoices", (c) => {
    const books = booksOf(simulator, c);
    const invoice = collection.createInvoice(books, parse(CreateInvoice, c.get("params")));
    return reply(simulator, c, invoice);
  });

  app.post("/v1/invoices/create_preview", (c) => {
    const input = parse(PreviewInvoice, c.get("params"));
    return reply(simulator, c, previewInvoice(booksOf(simulator, c), input));
  });

  app.get("/v1/invoices", (c) => {
    const filter = parse(ListInvoices, c.get("params"));
    expectKnown(simulator, filter);
    const matches = (invoice: Invoice) =>
      (filter.customer === undefined || invoice.customer === filter.customer) &&
      (filter.subscription === undefined || subscriptionOf(invoice) === filter.subscription) &&
      (filter.status === undefined || invoice.status === filter.status) &&
      (filter.collection_method === undefined || invoice.collection_method === filter.collection_method) &&
      inRange(invoice.created, filter.created);
    return reply(simulator, c, listPage(records.invoices.values(), matches, filter, "/v1/invoices"));
  });

  app.get("/v1/invoices/:id", (c) => {
    parse(NoParameters, c.get("params"));
    return reply(simulator, c, booksOf(simulator, c).invoice(c.req.param("id")));
  });

  app.get("/v1/invoices/:id/lines", (c) => {
    const page = parse(parameters(PAGING), c.get("params"));
    const { lines } = booksOf(simulator, c).invoice(c.req.param("id"));
    // Unlike other lists, this one is in the order of the invoice.
    return reply(simulator, c, listPage(lines.data.toReversed(), () => true, page, lines.url));
  });

  app.post("/v1/invoices/:id", (c) => {
    const books = booksOf(simulator, c);
    const input = parse(UpdateInvoice, c.get("params"));
    const invoice = books.invoice(c.req.param("id"));
    collection.updateInvoice(books, invoice, input);
    return reply(simulator, c, invoice);
  });

  app.delete("/v1/invoices/:id", (c) => {
    parse(NoParameters, c.get("params"));
    const books = booksOf(simulator, c);
    const invoice = books.invoice(c.req.param("id"));
    collection.deleteDraft(books, invoice);
    return reply(simulator, c, { id: invoice.id, object: "invoice", deleted: true });
  });

  app.post("/v1/invoices/:id/finalize", (c) => {
    const books = booksOf(simulator, c);
    const { auto_advance: autoAdvance } = parse(FinalizeInvoice, c.get("params"));
    const invoice = books.invoice(c.req.param("id"));
    collection.finalizeInvoice(books, invoice, autoAdvance);
    return reply(simulator, c, invoice);
  });

  app.post("/v1/invoices/:id/pay", (c) => {
    const books = booksOf(simulator, c);
    const input = parse(PayInvoice, c.get("params"));
    const invoice = books.invoice(c.req.param("id"));
    collection.payNow(books, invoice, { method: input.payment_method, outOfBand: input.paid_out_of_band });
    return reply(simulator, c, invoice);
  });

  app.post("/v1/invoices/:id/send", (c) => {
    parse(NoParameters, c.get("params"));
    const books = booksOf(simulator, c);
    const invoice = books.invoice(c.req.param("id"));
    collection.sendInvoice(books, invoice);
    return reply(simulator, c, invoice);
  });

  app.post("/v1/invoices/:id/void", (c) => {
    parse(NoParameters, c.get("params"));
    const books = booksOf(simulator, c);
    const invoice = books.invoice(c.req.param("id"));
    expectStatus(invoice, ["open", "uncollectible"], "voided");
    collection.voidNow(books, invoice);
    return reply(simulator, c, invoice);
  });

  app.post("/v1/invoices/:id/mark_uncollectible", (c) => {
    parse(NoParameters, c.get("params"));
    const books = booksOf(simulator, c);
    const invoice = books.invoice(c.req.param("id"));
    expectStatus(invoice, ["open"], "marked as uncollectible");
    writeOffInvoice(books, invoice);
    return reply(simulator, c, invoice);
  });
}

function expectStatus(invoice: Invoice, allowed: Invoice["status"][], done: string): void {
  if (allowed.includes(invoice.status)) return;
  throw invalidRequest(`This invoice can't be ${done} because its status is ${invoice.status}.`);
}
