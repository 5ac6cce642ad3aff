import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import Stripe from "stripe";
import {
  type BillingFixture,
  FEBRUARY,
  HOUR,
  JANUARY,
  startBilling,
} from "../../../tests/support/stripe/billing-fixture.ts";
import { startFixture } from "../../../tests/support/stripe/simulator-fixture.ts";

/** A finalised invoice of its own, of 5,000 cents: 4,000 for usage of 400,000 units, 1,000 flat. */
async function invoiceOf(s: BillingFixture, { pay }: { pay: boolean }): Promise<Stripe.Invoice> {
  const { stripe, customer } = s;
  const draft = await stripe.invoices.create({ customer, currency: "eur" });
  await stripe.invoiceItems.create({
    customer,
    currency: "eur",
    invoice: draft.id,
    unit_amount_decimal: Stripe.Decimal.from("0.01"),
    quantity: 400_000,
  });
  await stripe.invoiceItems.create({ customer, currency: "eur", invoice: draft.id, amount: 1000 });
  const open = await stripe.invoices.finalizeInvoice(draft.id, { auto_advance: false });
  return pay ? await stripe.invoices.pay(open.id) : open;
}
const balanceOf = async (s: BillingFixture) =>
  ((await s.stripe.customers.retrieve(s.customer)) as Stripe.Customer).balance;
const types = async (s: BillingFixture): Promise<string[]> =>
  (await s.stripe.events.list({ limit: 100 })).data.map(({ type }) => type);

Deno.test("A credit note of an open invoice lowers what is due, can be voided, and pays the invoice when nothing is left", async () => {
  await using s = await startBilling();
  const { stripe } = s;
  const invoice = await invoiceOf(s, { pay: false });
  const [usage] = invoice.lines.data;
  const preview = await stripe.creditNotes.preview({
    invoice: invoice.id,
    lines: [{ type: "invoice_line_item", invoice_line_item: usage!.id, quantity: 50_050 }],
  });
  assert.deepEqual([preview.total, preview.type, preview.pre_payment_amount], [501, "pre_payment", 501]);
  assert.equal((await stripe.creditNotes.list({ invoice: invoice.id })).data.length, 0);
  const note = await stripe.creditNotes.create({ invoice: invoice.id, amount: 1500, metadata: { row: "r1" } });
  assert.deepEqual([note.number, note.status, note.post_payment_amount], [`${invoice.number}-CN-01`, "issued", 0]);
  const credited = await stripe.invoices.retrieve(invoice.id);
  assert.deepEqual(
    [credited.amount_remaining, credited.amount_due, credited.pre_payment_credit_notes_amount, credited.total],
    [3500, 3500, 1500, 5000],
  );
  await assert.rejects(stripe.creditNotes.create({ invoice: invoice.id, amount: 100, credit_amount: 100 }), {
    message: /must equal the post payment/,
  });
  await assert.rejects(stripe.creditNotes.create({ invoice: invoice.id, amount: 3501 }), /maximum creditable amount/);
  await stripe.creditNotes.voidCreditNote(note.id);
  assert.equal((await stripe.invoices.retrieve(invoice.id)).amount_remaining, 5000);
  await stripe.creditNotes.create({ invoice: invoice.id, amount: 5000 });
  const paid = await stripe.invoices.retrieve(invoice.id);
  assert.deepEqual([paid.status, paid.amount_paid, paid.amount_remaining], ["paid", 0, 0]);
  const listed = await stripe.creditNotes.list({ invoice: invoice.id });
  assert.deepEqual(listed.data.map(({ status, metadata }) => [status, metadata?.row]), [["issued", undefined], [
    "void",
    "r1",
  ]]);
  await assert.rejects(stripe.creditNotes.voidCreditNote(listed.data[0]!.id), { statusCode: 400 });
});

Deno.test("A credit note of a paid invoice refunds, credits the balance and books outside of Stripe, in all its total", async () => {
  await using s = await startBilling();
  const { stripe, customer } = s;
  const invoice = await invoiceOf(s, { pay: true });
  const [, flat] = invoice.lines.data;
  await assert.rejects(stripe.creditNotes.create({ invoice: invoice.id, amount: 100 }), /must equal the post payment/);
  const line = { type: "invoice_line_item", invoice_line_item: flat!.id } as const;
  await assert.rejects(
    stripe.creditNotes.create({ invoice: invoice.id, lines: [{ ...line, amount: 1001 }], credit_amount: 1001 }),
    { param: "lines[0][amount]" },
  );
  const note = await stripe.creditNotes.create({
    invoice: invoice.id,
    lines: [{ ...line, amount: 700 }, {
      type: "custom_line_item",
      description: "Sorry",
      quantity: 3,
      unit_amount: 100,
    }],
    refund_amount: 500,
    credit_amount: 300,
    out_of_band_amount: 200,
    expand: ["customer_balance_transaction"],
  });
  assert.deepEqual([note.total, note.type, note.refunds[0]?.amount_refunded], [1000, "post_payment", 500]);
  const transaction = note.customer_balance_transaction as Stripe.CustomerBalanceTransaction;
  assert.deepEqual([transaction.amount, transaction.ending_balance, transaction.type], [-300, -300, "credit_note"]);
  const after = await stripe.invoices.retrieve(invoice.id);
  assert.deepEqual([after.status, after.amount_paid, after.post_payment_credit_notes_amount], ["paid", 5000, 1000]);
  assert.equal((await stripe.refunds.retrieve(note.refunds[0]!.refund as string)).status, "succeeded");
  assert.deepEqual(
    (await types(s)).filter((type) => type.startsWith("credit_note") || type.startsWith("charge")).sort(),
    ["charge.refunded", "credit_note.created"],
  );
  // The balance pays the next invoice when it is finalised.
  await s.subscribe();
  const [used] = (await stripe.customers.listBalanceTransactions(customer)).data;
  assert.deepEqual([used!.amount, used!.type, await balanceOf(s)], [300, "applied_to_invoice", 0]);
  const first = (await s.invoices()).at(-1)!;
  assert.deepEqual([used!.invoice, first.starting_balance, first.amount_due, first.amount_paid, first.total], [
    first.id,
    -300,
    4600,
    4600,
    4900,
  ]);
});

Deno.test("Refunds and disputes move money, count against what can be credited, and change no invoice", async () => {
  await using s = await startBilling();
  const { stripe } = s;
  const invoice = await invoiceOf(s, { pay: true });
  const { answer } = await s.control(`/_sim/invoices/${invoice.id}`, { action: "refund", amount: 2000 });
  const [refunded] = await s.received(answer.eventIds as string[]);
  const charge = refunded!.data.object as Stripe.Charge;
  assert.deepEqual([refunded!.type, charge.amount_refunded, charge.customer], ["charge.refunded", 2000, s.customer]);
  const payment = { type: "payment_intent", payment_intent: charge.payment_intent as string } as const;
  assert.equal((await stripe.invoicePayments.list({ payment })).data[0]?.invoice, invoice.id);
  await assert.rejects(stripe.creditNotes.create({ invoice: invoice.id, amount: 3001, out_of_band_amount: 3001 }), {
    message: /maximum creditable amount \(3000\)/,
  });
  await assert.rejects(stripe.refunds.create({ charge: charge.id, amount: 3001 }), { param: "amount" });
  const disputed = await s.control(`/_sim/invoices/${invoice.id}`, { action: "dispute", amount: 3000 });
  const [created] = await s.received(disputed.answer.eventIds as string[]);
  assert.deepEqual([created!.type, (created!.data.object as Stripe.Dispute).charge], [
    "charge.dispute.created",
    charge.id,
  ]);
  await assert.rejects(stripe.refunds.create({ charge: charge.id }), { code: "charge_disputed" });
  await s.control(`/_sim/invoices/${invoice.id}`, { action: "win_dispute" });
  assert.ok((await types(s)).includes("charge.dispute.closed"));
  const { status, total, amount_paid, post_payment_credit_notes_amount } = await stripe.invoices.retrieve(invoice.id);
  assert.deepEqual([status, total, amount_paid, post_payment_credit_notes_amount], ["paid", 5000, 5000, 0]);
});

Deno.test("An invoice below zero or below the minimum charge is paid, and the customer's balance has the rest", async () => {
  await using s = await startBilling();
  await s.control("/_sim/account", { minimumCharge: 50 });
  const { stripe, customer } = s;
  const own = async (amount: number) => {
    await stripe.invoiceItems.create({ customer, currency: "eur", amount });
    const { id } = await stripe.invoices.create({
      customer,
      currency: "eur",
      pending_invoice_items_behavior: "include",
    });
    const { status, amount_due } = await stripe.invoices.finalizeInvoice(id);
    return [status, amount_due, await balanceOf(s)];
  };
  assert.deepEqual(await own(-300), ["paid", 0, -300]);
  assert.deepEqual(await own(200), ["paid", 0, -100]);
  assert.deepEqual(await own(149), ["paid", 0, 49]);
  assert.deepEqual(await own(1), ["open", 50, 0]);
  const { data: [open] } = await stripe.invoices.list({ status: "open" });
  await stripe.invoices.voidInvoice(open!.id);
  assert.equal(await balanceOf(s), 49);
});

Deno.test("Credit notes never exceed the invoice, and what is due, paid and credited adds up, after any history", async () => {
  await using s = await startBilling();
  const { stripe } = s;
  const step = fc.record({
    kind: fc.constantFrom("credit", "pay", "void"),
    amount: fc.integer({ min: 1, max: 4000 }),
    credited: fc.integer({ min: 0, max: 4000 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 5 }), async (steps) => {
      const { id } = await invoiceOf(s, { pay: false });
      for (const { kind, amount, credited } of steps) {
        const before = await stripe.invoices.retrieve(id);
        const post = Math.max(0, amount - before.amount_remaining);
        const given = {
          credit_amount: Math.min(credited, post),
          out_of_band_amount: post - Math.min(credited, post),
        };
        const sent = Object.fromEntries(Object.entries(given).filter(([, part]) => part > 0));
        if (kind === "credit") await stripe.creditNotes.create({ invoice: id, amount, ...sent }).catch(expect400);
        if (kind === "pay") await stripe.invoices.pay(id).catch(expect400);
        const [newest] = (await stripe.creditNotes.list({ invoice: id, limit: 1 })).data;
        if (kind === "void" && newest) await stripe.creditNotes.voidCreditNote(newest.id).catch(expect400);
        const now = await stripe.invoices.retrieve(id);
        const notes = (await stripe.creditNotes.list({ invoice: id })).data.filter(({ status }) => status === "issued");
        const total = notes.reduce((sum, note) => sum + note.total, 0);
        const credits = now.pre_payment_credit_notes_amount + now.post_payment_credit_notes_amount;
        assert.ok(total <= now.total, `${total} of ${now.total} is credited`);
        const due = now.amount_remaining + now.amount_paid + now.pre_payment_credit_notes_amount;
        const balanceUsed = (now.ending_balance ?? 0) - now.starting_balance;
        assert.deepEqual([credits, due + balanceUsed], [total, now.total]);
      }
    }),
    { numRuns: 12, endOnFailure: true },
  );
});

function expect400(error: Stripe.errors.StripeError): void {
  assert.equal(error.statusCode, 400, error.message);
}

Deno.test("Every new POST is repeated by its Idempotency-Key, and faults match the new paths", async () => {
  await using s = await startBilling();
  const { stripe } = s;
  const invoice = await invoiceOf(s, { pay: true });
  const create = () =>
    stripe.creditNotes.create({ invoice: invoice.id, amount: 10, credit_amount: 10 }, { idempotencyKey: "cn-1" });
  const subscribe = () =>
    stripe.subscriptions.create({ customer: s.customer, items: [{ price: s.metered.id }] }, { idempotencyKey: "sub" });
  await s.control("/_sim/faults", { match: "POST /v1/credit_notes", kind: "status", status: 500 });
  await assert.rejects(create(), { statusCode: 500 });
  const [one, two] = [await create(), await create()];
  assert.deepEqual([one.id, await balanceOf(s)], [two.id, -10]);
  assert.equal((await subscribe()).id, (await subscribe()).id);
  await s.control("/_sim/faults", { match: "GET /v1/invoices", kind: "delay", delayMs: 30 });
  const started = Date.now();
  await stripe.invoices.retrieve(invoice.id);
  assert.ok(Date.now() - started >= 29, "the answer was not slow");
});

Deno.test("A draft keeps its usage over a restart and is final when its time has come", async () => {
  const folder = await mkdtemp(join(tmpdir(), "stripe-billing-"));
  const stateFile = join(folder, "stripe.json");
  const first = await startBilling({ stateFile });
  await first.subscribe();
  await first.use(500);
  await first.at(FEBRUARY);
  await first[Symbol.asyncDispose]();
  await using second = await startFixture({ stateFile, now: () => JANUARY * 1000 });
  await second.control("/_sim/clock", { now: FEBRUARY + HOUR });
  const [invoice] = (await second.stripe.invoices.list({ limit: 1 })).data;
  const pages = [];
  for await (const line of second.stripe.invoices.listLineItems(invoice!.id, { limit: 1 })) pages.push(line.amount);
  assert.deepEqual([invoice!.status, pages], ["paid", [5, 4900]]);
  await rm(folder, { recursive: true });
});
