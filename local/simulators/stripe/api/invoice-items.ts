import type { Hono } from "hono";
import * as z from "zod";
import type { Books } from "../billing/books.ts";
import { addInvoiceItem, attachToDraft, removeInvoiceItem } from "../billing/invoice-items.ts";
import { invalidRequest, noSuch } from "../errors.ts";
import { mergeMetadata } from "../objects/metadata.ts";
import type { InvoiceItem } from "../objects/shapes.ts";
import type { Simulator } from "../simulator.ts";
import { type ApiEnv, booksOf, reply } from "./call.ts";
import { decimal, flag, ignored, metadata, parameters, parse, text, timeRange, unsettable, whole } from "./form.ts";
import { expectKnown, inRange, listPage, PAGING } from "./lists.ts";

const FIELDS = {
  description: unsettable.optional(),
  metadata: z.union([metadata, z.literal("")]).optional(),
  discountable: flag.optional(),
  tax_behavior: ignored,
  tax_code: ignored,
  tax_rates: ignored,
};
const CreateItem = parameters({
  ...FIELDS,
  customer: text,
  currency: z.string().regex(/^[a-z]{3}$/, "expected a three-letter currency").optional(),
  amount: whole.optional(),
  unit_amount_decimal: decimal.optional(),
  quantity: whole.optional(),
  quantity_decimal: decimal.optional(),
  pricing: z.strictObject({ price: text }).optional(),
  period: z.strictObject({ start: whole, end: whole }).optional(),
  invoice: text.optional(),
  subscription: text.optional(),
});
const UpdateItem = parameters({ ...FIELDS, amount: whole.optional() });
const ListItems = parameters({
  ...PAGING,
  customer: text.optional(),
  invoice: text.optional(),
  pending: flag.optional(),
  created: timeRange.optional(),
});

/** Invoice items: create, list, retrieve, update, delete. */
export function invoiceItemRoutes(app: Hono<ApiEnv>, simulator: Simulator): void {
  const { invoiceItems } = simulator.records;
  const find = (id: string): InvoiceItem => {
    const item = invoiceItems.get(id);
    if (item === undefined) throw noSuch("invoiceitem", id);
    return item;
  };

  app.post("/v1/invoiceitems", (c) => {
    const item = createItem(booksOf(simulator, c), parse(CreateItem, c.get("params")));
    return reply(simulator, c, item);
  });

  app.get("/v1/invoiceitems", (c) => {
    const filter = parse(ListItems, c.get("params"));
    expectKnown(simulator, filter);
    const matches = (item: InvoiceItem) =>
      (filter.customer === undefined || item.customer === filter.customer) &&
      (filter.invoice === undefined || item.invoice === filter.invoice) &&
      (filter.pending === undefined || (item.invoice === null) === filter.pending) &&
      inRange(item.date, filter.created);
    return reply(simulator, c, listPage(invoiceItems.values(), matches, filter, "/v1/invoiceitems"));
  });

  app.get("/v1/invoiceitems/:id", (c) => {
    parse(parameters({}), c.get("params"));
    return reply(simulator, c, find(c.req.param("id")));
  });

  app.post("/v1/invoiceitems/:id", (c) => {
    const books = booksOf(simulator, c);
    const input = parse(UpdateItem, c.get("params"));
    const item = find(c.req.param("id"));
    if (item.invoice !== null) throw invalidRequest("The simulator updates pending invoice items only.");
    books.change<InvoiceItem>("invoiceitem.updated", item, (changed) => {
      if (input.description !== undefined) changed.description = input.description;
      changed.metadata = mergeMetadata(changed.metadata ?? {}, input.metadata);
      if (input.amount === undefined) return;
      changed.amount = input.amount;
      changed.net_amount = input.amount;
      changed.quantity = 1;
      changed.quantity_decimal = "1";
      changed.pricing = { type: "price_details", unit_amount_decimal: String(input.amount) };
    });
    return reply(simulator, c, item);
  });

  app.delete("/v1/invoiceitems/:id", (c) => {
    parse(parameters({}), c.get("params"));
    const item = find(c.req.param("id"));
    removeInvoiceItem(booksOf(simulator, c), item);
    return reply(simulator, c, { id: item.id, object: "invoiceitem", deleted: true });
  });
}

function createItem(books: Books, input: z.output<typeof CreateItem>): InvoiceItem {
  const customer = books.customer(input.customer, "customer");
  const subscription = input.subscription === undefined ? null : books.subscription(input.subscription, "subscription");
  const price = input.pricing === undefined ? null : books.price(input.pricing.price, "pricing[price]");
  const given = [input.amount, input.unit_amount_decimal, price].filter((amount) => (amount ?? null) !== null);
  if (given.length !== 1) {
    throw invalidRequest("You must specify one of these parameters: amount, unit_amount_decimal, pricing.", "amount");
  }
  const hasQuantity = input.quantity !== undefined || input.quantity_decimal !== undefined;
  if (input.amount !== undefined && hasQuantity) {
    throw invalidRequest("You may only specify one of these parameters: amount, quantity.", "amount");
  }
  const draft = input.invoice === undefined ? null : books.invoice(input.invoice, "invoice");
  if (draft !== null && draft.status !== "draft") {
    throw invalidRequest("The invoice is already finalized, so no item can be added to it.", "invoice");
  }
  if (draft !== null && draft.customer !== customer.id) throw noSuch("invoice", draft.id, "invoice");
  const currency = input.currency ?? draft?.currency ?? price?.currency ?? customer.currency ?? undefined;
  if (currency === undefined) {
    throw invalidRequest("Missing required param: currency.", "currency", "parameter_missing");
  }
  if (draft !== null && draft.currency !== currency) {
    throw invalidRequest("The currency of the item must be that of its invoice.", "currency");
  }
  const now = books.now();
  const item = addInvoiceItem(books, {
    customer: customer.id,
    currency,
    unitAmount: price?.unit_amount_decimal ?? input.unit_amount_decimal ?? String(input.amount),
    quantity: input.quantity_decimal ?? String(input.quantity ?? 1),
    price: price && { id: price.id, product: price.product },
    subscription: subscription && { id: subscription.id, item: null },
    invoice: draft?.id ?? null,
    description: input.description ?? null,
    period: input.period ?? { start: now, end: now },
    proration: false,
    discountable: input.discountable ?? true,
    metadata: mergeMetadata({}, input.metadata),
  });
  if (draft !== null) attachToDraft(books, draft, item);
  return item;
}
