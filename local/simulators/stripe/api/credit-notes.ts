import type { Hono } from "hono";
import * as z from "zod";
import type { Books } from "../billing/books.ts";
import { composeCreditNote, issueCreditNote, voidCreditNote } from "../billing/credit-notes.ts";
import { noSuch } from "../errors.ts";
import { mergeMetadata } from "../objects/metadata.ts";
import type { CreditNote } from "../objects/shapes.ts";
import type { Simulator } from "../simulator.ts";
import { type ApiEnv, booksOf, reply } from "./call.ts";
import { decimal, ignored, metadata, parameters, type Params, parse, text, timeRange, whole } from "./form.ts";
import { expectKnown, inRange, listPage, PAGING } from "./lists.ts";

const positive = whole.refine((amount) => amount >= 0, "must not be negative");
const Line = z.strictObject({
  type: z.enum(["invoice_line_item", "custom_line_item"]),
  invoice_line_item: text.optional(),
  amount: positive.optional(),
  quantity: positive.optional(),
  unit_amount: positive.optional(),
  unit_amount_decimal: decimal.optional(),
  description: z.string().optional(),
  metadata: metadata.optional(),
  tax_amounts: ignored,
  tax_rates: ignored,
});
const FIELDS = {
  invoice: text,
  amount: positive.optional(),
  lines: z.array(Line).min(1).optional(),
  refund_amount: positive.optional(),
  credit_amount: positive.optional(),
  out_of_band_amount: positive.optional(),
  memo: z.string().optional(),
  reason: z.enum(["duplicate", "fraudulent", "order_change", "product_unsatisfactory"]).optional(),
  metadata: metadata.optional(),
  email_type: ignored,
};
const CreateCreditNote = parameters(FIELDS);
const PreviewLines = parameters({ ...FIELDS, ...PAGING });
const UpdateCreditNote = parameters({
  memo: z.string().optional(),
  metadata: z.union([metadata, z.literal("")]).optional(),
});
const ListCreditNotes = parameters({
  ...PAGING,
  customer: text.optional(),
  invoice: text.optional(),
  created: timeRange.optional(),
});
const NoParameters = parameters({});

/** Credit notes: preview, create, list, retrieve, update, void, and their lines. */
export function creditNoteRoutes(app: Hono<ApiEnv>, simulator: Simulator): void {
  const { records } = simulator;
  const find = (id: string): CreditNote => {
    const note = records.creditNotes.get(id);
    if (note === undefined) throw noSuch("credit note", id);
    return note;
  };
  const preview = (books: Books, params: Params, schema: typeof CreateCreditNote | typeof PreviewLines) =>
    composeCreditNote(books, parse(schema, params));

  app.post("/v1/credit_notes", (c) => {
    const input = parse(CreateCreditNote, c.get("params"));
    return reply(simulator, c, issueCreditNote(booksOf(simulator, c), input));
  });

  app.get("/v1/credit_notes", (c) => {
    const filter = parse(ListCreditNotes, c.get("params"));
    expectKnown(simulator, filter);
    if (filter.invoice !== undefined) booksOf(simulator, c).invoice(filter.invoice, "invoice");
    const matches = (note: CreditNote) =>
      (filter.customer === undefined || note.customer === filter.customer) &&
      (filter.invoice === undefined || note.invoice === filter.invoice) &&
      inRange(note.created, filter.created);
    return reply(simulator, c, listPage(records.creditNotes.values(), matches, filter, "/v1/credit_notes"));
  });

  app.get(
    "/v1/credit_notes/preview",
    (c) => reply(simulator, c, preview(booksOf(simulator, c), c.get("params"), CreateCreditNote)),
  );

  app.get("/v1/credit_notes/preview/lines", (c) => {
    const page = parse(PreviewLines, c.get("params"));
    const { lines } = preview(booksOf(simulator, c), c.get("params"), PreviewLines);
    return reply(simulator, c, listPage(lines.data.toReversed(), () => true, page, "/v1/credit_notes/preview/lines"));
  });

  app.get("/v1/credit_notes/:id", (c) => {
    parse(NoParameters, c.get("params"));
    return reply(simulator, c, find(c.req.param("id")));
  });

  app.get("/v1/credit_notes/:id/lines", (c) => {
    const page = parse(parameters(PAGING), c.get("params"));
    const { lines } = find(c.req.param("id"));
    return reply(simulator, c, listPage(lines.data.toReversed(), () => true, page, lines.url));
  });

  app.post("/v1/credit_notes/:id", (c) => {
    const books = booksOf(simulator, c);
    const input = parse(UpdateCreditNote, c.get("params"));
    const note = find(c.req.param("id"));
    books.change<CreditNote>("credit_note.updated", note, (changed) => {
      if (input.memo !== undefined) changed.memo = input.memo || null;
      changed.metadata = mergeMetadata(changed.metadata, input.metadata);
    });
    return reply(simulator, c, note);
  });

  app.post("/v1/credit_notes/:id/void", (c) => {
    parse(NoParameters, c.get("params"));
    const note = find(c.req.param("id"));
    voidCreditNote(booksOf(simulator, c), note);
    return reply(simulator, c, note);
  });
}
