import type { Hono } from "hono";
import * as z from "zod";
import { deleteCustomer } from "../billing/lifecycle.ts";
import { noSuch } from "../errors.ts";
import { buildCustomer } from "../objects/customer.ts";
import type { Customer, DeletedCustomer } from "../objects/shapes.ts";
import type { Simulator } from "../simulator.ts";
import { type ApiEnv, booksOf, reply } from "./call.ts";
import { ignored, metadata, parameters, parse, text, timeRange, unsettable } from "./form.ts";
import { mergeMetadata } from "../objects/metadata.ts";
import { inRange, listPage, PAGING } from "./lists.ts";

const FIELDS = {
  email: unsettable.optional(),
  name: unsettable.optional(),
  phone: unsettable.optional(),
  description: unsettable.optional(),
  metadata: z.union([metadata, z.literal("")]).optional(),
  invoice_settings: z.looseObject({ default_payment_method: unsettable.optional() }).optional(),
  address: ignored,
  payment_method: ignored,
  preferred_locales: ignored,
  tax_exempt: ignored,
};
const CreateCustomer = parameters(FIELDS);
const UpdateCustomer = parameters(FIELDS);
const ListCustomers = parameters({ ...PAGING, email: text.optional(), created: timeRange.optional() });
const NoParameters = parameters({});

/** Customers: create, retrieve, update, delete, list. */
export function customerRoutes(app: Hono<ApiEnv>, simulator: Simulator): void {
  const { records } = simulator;

  app.post("/v1/customers", (c) => {
    const books = booksOf(simulator, c);
    const input = parse(CreateCustomer, c.get("params"));
    const customer = buildCustomer({
      email: input.email ?? null,
      name: input.name ?? null,
      phone: input.phone ?? null,
      description: input.description ?? null,
      metadata: mergeMetadata({}, input.metadata),
      created: books.now(),
    });
    setPaymentMethod(customer, input);
    records.customers.set(customer.id, customer);
    books.emit("customer.created", customer);
    return reply(simulator, c, customer);
  });

  app.get("/v1/customers", (c) => {
    const filter = parse(ListCustomers, c.get("params"));
    const matches = (customer: Customer | DeletedCustomer) =>
      !("deleted" in customer) &&
      (filter.email === undefined || customer.email === filter.email) &&
      inRange(customer.created, filter.created);
    return reply(simulator, c, listPage(records.customers.values(), matches, filter, "/v1/customers"));
  });

  app.get("/v1/customers/:id", (c) => {
    parse(NoParameters, c.get("params"));
    const customer = records.customers.get(c.req.param("id"));
    if (!customer) throw noSuch("customer", c.req.param("id"));
    return reply(simulator, c, customer);
  });

  app.post("/v1/customers/:id", (c) => {
    const books = booksOf(simulator, c);
    const input = parse(UpdateCustomer, c.get("params"));
    const customer = books.customer(c.req.param("id"));
    books.change<Customer>("customer.updated", customer, (changed) => {
      if (input.email !== undefined) changed.email = input.email;
      if (input.name !== undefined) changed.name = input.name;
      if (input.phone !== undefined) changed.phone = input.phone;
      if (input.description !== undefined) changed.description = input.description;
      changed.metadata = mergeMetadata(changed.metadata, input.metadata);
      setPaymentMethod(changed, input);
    });
    return reply(simulator, c, customer);
  });

  app.delete("/v1/customers/:id", (c) => {
    parse(NoParameters, c.get("params"));
    const id = c.req.param("id");
    deleteCustomer(booksOf(simulator, c), id);
    return reply(simulator, c, { id, object: "customer", deleted: true });
  });
}

/** The default payment method is charged for the subscriptions without one of their own. */
function setPaymentMethod(customer: Customer, { invoice_settings: settings }: z.output<typeof UpdateCustomer>): void {
  if (settings?.default_payment_method === undefined) return;
  customer.invoice_settings.default_payment_method = settings.default_payment_method;
}
