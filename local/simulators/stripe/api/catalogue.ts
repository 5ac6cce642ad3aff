import type { Hono } from "hono";
import * as z from "zod";
import { invalidRequest, noSuch } from "../errors.ts";
import { buildPrice, buildProduct } from "../objects/catalogue.ts";
import type { Price, Product } from "../objects/shapes.ts";
import type { Simulator } from "../simulator.ts";
import { type ApiEnv, booksOf, reply } from "./call.ts";
import { flag, ignored, metadata, parameters, parse, text, timeRange, whole } from "./form.ts";
import { inRange, listPage, PAGING } from "./lists.ts";

const CreateProduct = parameters({
  id: text.optional(),
  name: text,
  description: z.string().optional(),
  metadata: metadata.optional(),
  tax_code: ignored,
});
const ListProducts = parameters({
  ...PAGING,
  active: flag.optional(),
  ids: z.array(text).optional(),
  created: timeRange.optional(),
});
const CreatePrice = parameters({
  product: text,
  currency: z.string().regex(/^[a-z]{3}$/, "expected a three-letter currency"),
  unit_amount: whole.refine((amount) => amount >= 0, "must not be negative"),
  recurring: z.strictObject({
    interval: z.enum(["day", "week", "month", "year"]),
    interval_count: whole.optional(),
    usage_type: z.literal("licensed").optional(),
  }),
  lookup_key: text.optional(),
  nickname: text.optional(),
  metadata: metadata.optional(),
  tax_behavior: ignored,
});
const ListPrices = parameters({
  ...PAGING,
  active: flag.optional(),
  product: text.optional(),
  currency: text.optional(),
  type: z.enum(["recurring", "one_time"]).optional(),
  lookup_keys: z.array(text).optional(),
  created: timeRange.optional(),
});
const Retrieve = parameters({});

/** Products and recurring prices: create, retrieve, list. */
export function catalogueRoutes(app: Hono<ApiEnv>, simulator: Simulator): void {
  const { records } = simulator;

  app.post("/v1/products", (c) => {
    const books = booksOf(simulator, c);
    const input = parse(CreateProduct, c.get("params"));
    if (input.id !== undefined && records.products.has(input.id)) {
      throw invalidRequest("Product already exists.", "id", "resource_already_exists");
    }
    const product = buildProduct({
      id: input.id,
      name: input.name,
      description: input.description ?? null,
      metadata: input.metadata ?? {},
      created: books.now(),
    });
    records.products.set(product.id, product);
    books.emit("product.created", product);
    return reply(simulator, c, product);
  });

  app.get("/v1/products", (c) => {
    const filter = parse(ListProducts, c.get("params"));
    const matches = (product: Product) =>
      (filter.active === undefined || product.active === filter.active) &&
      (filter.ids === undefined || filter.ids.includes(product.id)) &&
      inRange(product.created, filter.created);
    return reply(simulator, c, listPage(records.products.values(), matches, filter, "/v1/products"));
  });

  app.get("/v1/products/:id", (c) => {
    parse(Retrieve, c.get("params"));
    const product = records.products.get(c.req.param("id"));
    if (!product) throw noSuch("product", c.req.param("id"));
    return reply(simulator, c, product);
  });

  app.post("/v1/prices", (c) => {
    const books = booksOf(simulator, c);
    const input = parse(CreatePrice, c.get("params"));
    if (!records.products.has(input.product)) throw noSuch("product", input.product, "product");
    if (input.lookup_key !== undefined && books.priceOfPlan(input.lookup_key)) {
      const message = `A price already uses that lookup key: ${input.lookup_key}.`;
      throw invalidRequest(message, "lookup_key", "resource_already_exists");
    }
    const price = buildPrice({
      product: input.product,
      unitAmount: input.unit_amount,
      currency: input.currency,
      interval: input.recurring.interval,
      intervalCount: input.recurring.interval_count ?? 1,
      lookupKey: input.lookup_key ?? null,
      nickname: input.nickname ?? null,
      metadata: input.metadata ?? {},
      created: books.now(),
    });
    records.prices.set(price.id, price);
    books.emit("price.created", price);
    return reply(simulator, c, price);
  });

  app.get("/v1/prices", (c) => {
    const filter = parse(ListPrices, c.get("params"));
    const matches = (price: Price) =>
      (filter.active === undefined || price.active === filter.active) &&
      (filter.product === undefined || price.product === filter.product) &&
      (filter.currency === undefined || price.currency === filter.currency) &&
      (filter.type === undefined || price.type === filter.type) &&
      (filter.lookup_keys === undefined || filter.lookup_keys.includes(price.lookup_key ?? "")) &&
      inRange(price.created, filter.created);
    return reply(simulator, c, listPage(records.prices.values(), matches, filter, "/v1/prices"));
  });

  app.get("/v1/prices/:id", (c) => {
    parse(Retrieve, c.get("params"));
    const price = records.prices.get(c.req.param("id"));
    if (!price) throw noSuch("price", c.req.param("id"));
    return reply(simulator, c, price);
  });
}
