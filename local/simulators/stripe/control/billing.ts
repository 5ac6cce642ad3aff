import type { Hono } from "hono";
import * as z from "zod";
import { AccountChange, accountOf, changeAccount } from "../billing/account.ts";
import { Books } from "../billing/books.ts";
import { finalizeInvoice, payNow, voidNow } from "../billing/collection.ts";
import { writeOffInvoice } from "../billing/invoicing.ts";
import { refreshDrafts } from "../billing/usage.ts";
import { invalidRequest } from "../errors.ts";
import { runDueWork } from "../due-work.ts";
import { NO_ORIGIN } from "../objects/event.ts";
import type { Invoice } from "../objects/shapes.ts";
import type { Connection } from "../../http-server.ts";
import type { Simulator } from "../simulator.ts";
import { bodyOf } from "./body.ts";

/** What the dashboard does with an invoice. */
const InvoiceAction = z.strictObject({ action: z.enum(["finalize", "pay", "void", "mark_uncollectible"]) });

/** The controls of the account's billing settings and of invoices: what an operator does in Stripe's dashboard. */
export function billingControls(app: Hono<{ Bindings: Connection }>, simulator: Simulator): void {
  const { records } = simulator;

  app.get("/_sim/account", (c) => c.json(accountOf(records)));
  app.post("/_sim/account", async (c) => {
    changeAccount(records, await bodyOf(c, AccountChange));
    runDueWork(simulator);
    simulator.changed();
    return c.json(accountOf(records));
  });

  app.get("/_sim/invoices", (c) => {
    refreshDrafts(new Books(simulator, NO_ORIGIN));
    return c.json({ invoices: [...records.invoices.values()].reverse() });
  });
  app.post("/_sim/invoices/:id", async (c) => {
    const { action } = await bodyOf(c, InvoiceAction);
    const books = new Books(simulator, NO_ORIGIN);
    const invoice = books.invoice(c.req.param("id"));
    act(books, invoice, action);
    simulator.changed();
    return c.json({ invoice, eventIds: books.eventIds });
  });
}

function act(books: Books, invoice: Invoice, action: z.output<typeof InvoiceAction>["action"]): void {
  switch (action) {
    case "finalize":
      return finalizeInvoice(books, invoice);
    case "pay":
      return payNow(books, invoice, {});
    case "void":
      expectOpen(invoice);
      return voidNow(books, invoice);
    case "mark_uncollectible":
      expectOpen(invoice);
      return writeOffInvoice(books, invoice);
  }
}

function expectOpen({ id, status }: Invoice): void {
  if (status !== "open") throw invalidRequest(`Cannot change invoice "${id}": its status is "${status}"`);
}
