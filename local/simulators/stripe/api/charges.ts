import type { Hono } from "hono";
import * as z from "zod";
import { refund } from "../billing/charges.ts";
import { invalidRequest, noSuch } from "../errors.ts";
import type { Charge, ChargeRecord, Dispute, Refund } from "../objects/shapes.ts";
import type { Simulator } from "../simulator.ts";
import { type ApiEnv, booksOf, reply } from "./call.ts";
import { ignored, metadata, parameters, parse, text, timeRange, whole } from "./form.ts";
import { inRange, listPage, PAGING } from "./lists.ts";

const BY_PAYMENT = {
  ...PAGING,
  charge: text.optional(),
  payment_intent: text.optional(),
  created: timeRange.optional(),
};
const ListCharges = parameters({
  ...PAGING,
  customer: text.optional(),
  payment_intent: text.optional(),
  created: timeRange.optional(),
});
const ListPayments = parameters({
  ...PAGING,
  invoice: text.optional(),
  status: z.enum(["open", "paid", "canceled"]).optional(),
  payment: z.strictObject({ type: z.literal("payment_intent"), payment_intent: text }).optional(),
});
const CreateRefund = parameters({
  charge: text.optional(),
  payment_intent: text.optional(),
  amount: whole.optional(),
  reason: z.enum(["duplicate", "fraudulent", "requested_by_customer"]).optional(),
  metadata: metadata.optional(),
  instructions_email: ignored,
});

/** What moves money and changes no invoice: charges, refunds, disputes, and which charge paid which invoice. */
export function chargeRoutes(app: Hono<ApiEnv>, simulator: Simulator): void {
  const { charges, refunds, disputes } = simulator.records;
  const ofPayment = ({ charge, payment_intent: intent }: Refund | Dispute, filter: z.output<typeof ListRefunds>) =>
    (filter.charge === undefined || charge === filter.charge) &&
    (filter.payment_intent === undefined || intent === filter.payment_intent);

  app.get("/v1/charges", (c) => {
    const filter = parse(ListCharges, c.get("params"));
    const matches = (charge: Charge) =>
      (filter.customer === undefined || charge.customer === filter.customer) &&
      (filter.payment_intent === undefined || charge.payment_intent === filter.payment_intent) &&
      inRange(charge.created, filter.created);
    const all = [...charges.values()].map(({ charge }) => charge);
    return reply(simulator, c, listPage(all, matches, filter, "/v1/charges"));
  });

  app.get("/v1/charges/:id", (c) => {
    parse(parameters({}), c.get("params"));
    const record = charges.get(c.req.param("id"));
    if (record === undefined) throw noSuch("charge", c.req.param("id"));
    return reply(simulator, c, record.charge);
  });

  app.get("/v1/invoice_payments", (c) => {
    const filter = parse(ListPayments, c.get("params"));
    const matching = [...charges.values()].filter(({ invoice, charge }) =>
      (filter.invoice === undefined || invoice === filter.invoice) &&
      (filter.payment === undefined || charge.payment_intent === filter.payment.payment_intent) &&
      (filter.status === undefined || filter.status === "paid")
    );
    return reply(simulator, c, listPage(matching.map(invoicePayment), () => true, filter, "/v1/invoice_payments"));
  });

  app.post("/v1/refunds", (c) => {
    const input = parse(CreateRefund, c.get("params"));
    if ((input.charge === undefined) === (input.payment_intent === undefined)) {
      throw invalidRequest("You must specify one of these parameters: charge, payment_intent.", "charge");
    }
    const record = [...charges.values()].find(({ id, charge }) =>
      id === input.charge || charge.payment_intent === input.payment_intent
    );
    if (record === undefined) throw noSuch("charge", input.charge ?? input.payment_intent!, "charge");
    return reply(simulator, c, refund(booksOf(simulator, c), record.charge, input));
  });

  app.get("/v1/refunds", (c) => {
    const filter = parse(ListRefunds, c.get("params"));
    const matches = (each: Refund) => ofPayment(each, filter) && inRange(each.created, filter.created);
    return reply(simulator, c, listPage(refunds.values(), matches, filter, "/v1/refunds"));
  });

  app.get("/v1/refunds/:id", (c) => {
    parse(parameters({}), c.get("params"));
    const found = refunds.get(c.req.param("id"));
    if (found === undefined) throw noSuch("refund", c.req.param("id"));
    return reply(simulator, c, found);
  });

  app.get("/v1/disputes", (c) => {
    const filter = parse(ListRefunds, c.get("params"));
    const matches = (each: Dispute) => ofPayment(each, filter) && inRange(each.created, filter.created);
    return reply(simulator, c, listPage(disputes.values(), matches, filter, "/v1/disputes"));
  });

  app.get("/v1/disputes/:id", (c) => {
    parse(parameters({}), c.get("params"));
    const found = disputes.get(c.req.param("id"));
    if (found === undefined) throw noSuch("dispute", c.req.param("id"));
    return reply(simulator, c, found);
  });
}

const ListRefunds = parameters(BY_PAYMENT);

/** In the current API version, this object links a charge to the invoice that it paid. */
function invoicePayment({ id, invoice, charge }: ChargeRecord) {
  return {
    id: id.replace(/^ch_/, "inpay_"),
    object: "invoice_payment",
    amount_paid: charge.amount,
    amount_requested: charge.amount,
    created: charge.created,
    currency: charge.currency,
    invoice,
    is_default: true,
    livemode: false,
    payment: { payment_intent: charge.payment_intent, type: "payment_intent" },
    status: "paid",
    status_transitions: { canceled_at: null, paid_at: charge.created },
  };
}
