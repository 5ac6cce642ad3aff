import type { Hono } from "hono";
import { addToBalance } from "../billing/balance.ts";
import { invalidRequest, noSuch } from "../errors.ts";
import type { Simulator } from "../simulator.ts";
import { type ApiEnv, booksOf, reply } from "./call.ts";
import { metadata, parameters, parse, text, unsettable, whole } from "./form.ts";
import { listPage, PAGING } from "./lists.ts";

const CreateTransaction = parameters({
  amount: whole,
  currency: text,
  description: unsettable.optional(),
  metadata: metadata.optional(),
});
const ListTransactions = parameters({ ...PAGING, invoice: text.optional() });

/** The transactions of a customer's balance: create, list, retrieve. Below zero, the balance is credit. */
export function balanceTransactionRoutes(app: Hono<ApiEnv>, simulator: Simulator): void {
  const { customers, balanceTransactions } = simulator.records;
  const path = "/v1/customers/:customer/balance_transactions";

  app.post(path, (c) => {
    const books = booksOf(simulator, c);
    const input = parse(CreateTransaction, c.get("params"));
    const customer = books.customer(c.req.param("customer"));
    customer.currency ??= input.currency;
    if (customer.currency !== input.currency) {
      throw invalidRequest(`The balance of this customer is in ${customer.currency}.`, "currency");
    }
    const { amount, description, metadata: given = {} } = input;
    const cause = { type: "adjustment", description: description ?? null, metadata: given };
    return reply(simulator, c, addToBalance(books, customer, amount, cause));
  });

  app.get(path, (c) => {
    const filter = parse(ListTransactions, c.get("params"));
    const id = c.req.param("customer");
    if (!customers.has(id)) throw noSuch("customer", id);
    const own = [...balanceTransactions.values()].filter(({ customer, invoice }) =>
      customer === id && (filter.invoice === undefined || invoice === filter.invoice)
    );
    return reply(simulator, c, listPage(own, () => true, filter, `/v1/customers/${id}/balance_transactions`));
  });

  app.get(`${path}/:id`, (c) => {
    parse(parameters({}), c.get("params"));
    const found = balanceTransactions.get(c.req.param("id"));
    if (found === undefined || found.customer !== c.req.param("customer")) {
      throw noSuch("customer balance transaction", c.req.param("id"));
    }
    return reply(simulator, c, found);
  });
}
