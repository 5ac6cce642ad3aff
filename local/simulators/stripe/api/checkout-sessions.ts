import type { Hono } from "hono";
import * as z from "zod";
import { expireDueSessions, expireSession, openSession } from "../billing/checkout.ts";
import { expectOneCycle, quantityFor } from "../billing/items.ts";
import { invalidRequest } from "../errors.ts";
import type { CheckoutSession } from "../objects/shapes.ts";
import type { Simulator } from "../simulator.ts";
import { type ApiEnv, booksOf, reply } from "./call.ts";
import { lineItems } from "./expand.ts";
import { automaticTax, billingMode, ignored, metadata, parameters, parse, text, timeRange, whole } from "./form.ts";
import { expectKnown, inRange, listPage, PAGING } from "./lists.ts";

const LineItem = z.strictObject({
  price: text,
  quantity: whole.refine((quantity) => quantity >= 1, "must be at least 1").optional(),
  adjustable_quantity: ignored,
});
const CreateSession = parameters({
  mode: z.literal("subscription"),
  line_items: z.array(LineItem).min(1),
  success_url: z.url().optional(),
  cancel_url: z.url().optional(),
  client_reference_id: z.string().max(200).optional(),
  customer: text.optional(),
  customer_email: z.email().optional(),
  metadata: metadata.optional(),
  subscription_data: z.strictObject({
    metadata: metadata.optional(),
    trial_period_days: whole.refine((days) => days >= 1 && days <= 730, "must be between 1 and 730").optional(),
    trial_settings: ignored,
    description: ignored,
    billing_mode: billingMode.optional(),
  }).optional(),
  ui_mode: z.literal("hosted_page").optional(),
  allow_promotion_codes: ignored,
  automatic_tax: automaticTax.optional(),
  billing_address_collection: ignored,
  consent_collection: ignored,
  custom_text: ignored,
  customer_update: z.strictObject({ address: z.enum(["auto", "never"]).optional(), name: ignored, shipping: ignored })
    .optional(),
  locale: ignored,
  payment_method_collection: ignored,
  payment_method_types: ignored,
  phone_number_collection: ignored,
  tax_id_collection: ignored,
});
const ListSessions = parameters({
  ...PAGING,
  customer: text.optional(),
  subscription: text.optional(),
  status: z.enum(["open", "complete", "expired"]).optional(),
  created: timeRange.optional(),
});
const NoParameters = parameters({});

/** Checkout sessions in subscription mode: create, retrieve, list, expire, line items. */
export function checkoutSessionRoutes(app: Hono<ApiEnv>, simulator: Simulator): void {
  const { records } = simulator;

  app.use("/v1/checkout/sessions/*", async (c, next) => {
    if (expireDueSessions(booksOf(simulator, c))) simulator.changed();
    await next();
  });

  app.post("/v1/checkout/sessions", (c) => {
    const books = booksOf(simulator, c);
    const input = parse(CreateSession, c.get("params"));
    if (input.customer !== undefined && input.customer_email !== undefined) {
      throw invalidRequest("You may only specify one of these parameters: customer, customer_email.", "customer");
    }
    if (input.customer !== undefined) books.customer(input.customer, "customer");
    else if (input.customer_update !== undefined) {
      throw invalidRequest("`customer_update` can only be used with `customer`.", "customer_update");
    }
    // No customer of the simulator has an address.
    if (input.automatic_tax?.enabled && input.customer !== undefined && input.customer_update?.address !== "auto") {
      throw invalidRequest(
        "Automatic tax calculation in Checkout requires a valid address on the Customer. Add a valid address to the " +
          "Customer or set `customer_update[address]` to 'auto' to save the address entered in Checkout to the Customer.",
        "automatic_tax",
        "customer_tax_location_invalid",
      );
    }
    const lines = input.line_items.map((line, index) => {
      const price = books.price(line.price, `line_items[${index}][price]`);
      return { price, quantity: quantityFor(price, line.quantity, `line_items[${index}][quantity]`) };
    });
    expectOneCycle(books, lines.map(({ price }) => price));
    const session = openSession(books, {
      lines,
      billingMode: input.subscription_data?.billing_mode?.type,
      trialDays: input.subscription_data?.trial_period_days ?? 0,
      clientReferenceId: input.client_reference_id ?? null,
      customer: input.customer ?? null,
      customerEmail: input.customer_email ?? null,
      metadata: input.metadata ?? {},
      subscriptionMetadata: input.subscription_data?.metadata ?? {},
      successUrl: input.success_url ?? null,
      cancelUrl: input.cancel_url ?? null,
      fromPaymentLink: false,
      automaticTax: input.automatic_tax?.enabled,
    }, simulator.url());
    return reply(simulator, c, session);
  });

  app.get("/v1/checkout/sessions", (c) => {
    const filter = parse(ListSessions, c.get("params"));
    expectKnown(simulator, filter);
    const matches = (session: CheckoutSession) =>
      (filter.customer === undefined || session.customer === filter.customer) &&
      (filter.subscription === undefined || session.subscription === filter.subscription) &&
      (filter.status === undefined || session.status === filter.status) &&
      inRange(session.created, filter.created);
    return reply(simulator, c, listPage(records.sessions.values(), matches, filter, "/v1/checkout/sessions"));
  });

  app.get("/v1/checkout/sessions/:id", (c) => {
    parse(NoParameters, c.get("params"));
    return reply(simulator, c, booksOf(simulator, c).session(c.req.param("id")));
  });

  app.get("/v1/checkout/sessions/:id/line_items", (c) => {
    parse(parameters(PAGING), c.get("params"));
    return reply(simulator, c, lineItems(records, booksOf(simulator, c).session(c.req.param("id"))));
  });

  app.post("/v1/checkout/sessions/:id/expire", (c) => {
    parse(NoParameters, c.get("params"));
    const books = booksOf(simulator, c);
    const session = books.session(c.req.param("id"));
    expireSession(books, session);
    return reply(simulator, c, session);
  });
}
