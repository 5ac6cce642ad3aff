import type { Hono } from "hono";
import * as z from "zod";
import type { Books } from "../billing/books.ts";
import { invalidRequest, noSuch } from "../errors.ts";
import { buildPrice, buildProduct } from "../objects/catalogue.ts";
import type { Price, Product } from "../objects/shapes.ts";
import type { Simulator } from "../simulator.ts";
import { type ApiEnv, booksOf, reply } from "./call.ts";
import { flag, metadata, parameters, parse, text, timeRange, unsettable, whole } from "./form.ts";
import { mergeMetadata } from "../objects/metadata.ts";
import { inRange, listPage, PAGING } from "./lists.ts";

const ProductFields = {
  description: unsettable.optional(),
  metadata: z.union([metadata, z.literal("")]).optional(),
  tax_code: z.union([z.string().regex(/^txcd_\d{8}$/, "expected the id of a tax code"), z.literal("")]).optional(),
  unit_label: unsettable.optional(),
  active: flag.optional(),
};
const CreateProduct = parameters({ ...ProductFields, id: text.optional(), name: text });
const UpdateProduct = parameters({ ...ProductFields, name: text.optional(), default_price: text.optional() });
const ListProducts = parameters({
  ...PAGING,
  active: flag.optional(),
  ids: z.array(text).optional(),
  created: timeRange.optional(),
});
/** In the smallest unit of the currency. Stripe: "a decimal value (in cents) with at most 12 decimal places". */
const unitAmount = z.string().regex(/^\d{1,15}(\.\d{1,12})?$/, "expected a decimal with at most 12 decimal places");
const PriceFields = {
  active: flag.optional(),
  lookup_key: z.string().max(200).optional(),
  metadata: z.union([metadata, z.literal("")]).optional(),
  nickname: unsettable.optional(),
  tax_behavior: z.enum(["exclusive", "inclusive", "unspecified"]).optional(),
  transfer_lookup_key: flag.optional(),
};
const CreatePrice = parameters({
  ...PriceFields,
  product: text,
  currency: z.string().regex(/^[a-z]{3}$/, "expected a three-letter currency"),
  unit_amount: whole.refine((amount) => amount >= 0, "must not be negative").optional(),
  unit_amount_decimal: unitAmount.optional(),
  billing_scheme: z.literal("per_unit").optional(),
  recurring: z.strictObject({
    interval: z.enum(["day", "week", "month", "year"]),
    interval_count: whole.optional(),
    usage_type: z.enum(["licensed", "metered"]).optional(),
    meter: text.optional(),
  }),
});
const UpdatePrice = parameters(PriceFields);
const ListPrices = parameters({
  ...PAGING,
  active: flag.optional(),
  product: text.optional(),
  currency: text.optional(),
  type: z.enum(["recurring", "one_time"]).optional(),
  lookup_keys: z.array(text).max(10, "must contain at most 10 keys").optional(),
  recurring: z.strictObject({
    interval: text.optional(),
    usage_type: z.enum(["licensed", "metered"]).optional(),
    meter: text.optional(),
  }).optional(),
  created: timeRange.optional(),
});
const Retrieve = parameters({});

/** Products and recurring prices, licensed and metered: create, retrieve, update, list. */
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
      metadata: mergeMetadata({}, input.metadata),
      taxCode: input.tax_code || null,
      unitLabel: input.unit_label ?? null,
      created: books.now(),
    });
    product.active = input.active ?? true;
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

  app.post("/v1/products/:id", (c) => {
    const books = booksOf(simulator, c);
    const { expand: _, metadata: change, tax_code: taxCode, ...given } = parse(UpdateProduct, c.get("params"));
    const product = records.products.get(c.req.param("id"));
    if (!product) throw noSuch("product", c.req.param("id"));
    books.change("product.updated", product, (changed) => {
      Object.assign(changed, defined(given));
      changed.metadata = mergeMetadata(changed.metadata, change);
      if (taxCode !== undefined) changed.tax_code = taxCode || null;
    });
    return reply(simulator, c, product);
  });

  app.post("/v1/prices", (c) => {
    const books = booksOf(simulator, c);
    const input = parse(CreatePrice, c.get("params"));
    if (!records.products.has(input.product)) throw noSuch("product", input.product, "product");
    const price = buildPrice({
      product: input.product,
      unitAmount: unitAmountOf(input),
      currency: input.currency,
      interval: input.recurring.interval,
      intervalCount: input.recurring.interval_count ?? 1,
      meter: meterOf(simulator, input.recurring),
      taxBehavior: input.tax_behavior ?? "unspecified",
      lookupKey: input.lookup_key || null,
      nickname: input.nickname ?? null,
      metadata: mergeMetadata({}, input.metadata),
      created: books.now(),
    });
    price.active = input.active ?? true;
    if (price.lookup_key !== null) takeLookupKey(books, price.lookup_key, input.transfer_lookup_key ?? false);
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
      (filter.recurring?.interval === undefined || price.recurring.interval === filter.recurring.interval) &&
      (filter.recurring?.usage_type === undefined || price.recurring.usage_type === filter.recurring.usage_type) &&
      (filter.recurring?.meter === undefined || price.recurring.meter === filter.recurring.meter) &&
      inRange(price.created, filter.created);
    return reply(simulator, c, listPage(records.prices.values(), matches, filter, "/v1/prices"));
  });

  app.get("/v1/prices/:id", (c) => {
    parse(Retrieve, c.get("params"));
    const price = records.prices.get(c.req.param("id"));
    if (!price) throw noSuch("price", c.req.param("id"));
    return reply(simulator, c, price);
  });

  app.post("/v1/prices/:id", (c) => {
    const books = booksOf(simulator, c);
    const { expand: _, metadata: change, lookup_key: key, transfer_lookup_key: transfers, ...given } = parse(
      UpdatePrice,
      c.get("params"),
    );
    const price = records.prices.get(c.req.param("id"));
    if (!price) throw noSuch("price", c.req.param("id"));
    if (given.tax_behavior !== undefined && price.tax_behavior !== "unspecified") {
      throw invalidRequest("The tax behavior of a price cannot be changed once it is specified.", "tax_behavior");
    }
    if (key !== undefined && key !== "" && key !== price.lookup_key) takeLookupKey(books, key, transfers ?? false);
    books.change("price.updated", price, (changed) => {
      Object.assign(changed, defined(given));
      changed.metadata = mergeMetadata(changed.metadata, change);
      if (key !== undefined) changed.lookup_key = key || null;
    });
    return reply(simulator, c, price);
  });
}

/** The given fields alone: a parameter that the caller left out changes nothing. */
function defined<Fields extends object>(given: Fields): Partial<Fields> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Partial<Fields>;
}

function unitAmountOf(input: z.output<typeof CreatePrice>): string {
  const { unit_amount: whole, unit_amount_decimal: decimal } = input;
  if (whole !== undefined && decimal !== undefined) {
    const message = "You may only specify one of these parameters: unit_amount, unit_amount_decimal.";
    throw invalidRequest(message, "unit_amount");
  }
  const given = decimal ?? whole;
  if (given === undefined) {
    const message = "Prices require an `unit_amount` or `unit_amount_decimal` parameter to be set.";
    throw invalidRequest(message, "unit_amount", "parameter_missing");
  }
  return String(given);
}

/** Returns the meter of a metered price. Since 2025-03-31, a metered price needs one. Null for a licensed price. */
function meterOf({ records }: Simulator, recurring: z.output<typeof CreatePrice>["recurring"]): string | null {
  const { usage_type: usage = "licensed", meter } = recurring;
  if (usage === "licensed") {
    if (meter === undefined) return null;
    throw invalidRequest("`recurring[meter]` can only be set when `usage_type` is `metered`.", "recurring[meter]");
  }
  if (meter === undefined) {
    const message = "As of Stripe version 2025-03-31.basil, metered prices must be backed by meters.";
    throw invalidRequest(message, "recurring[meter]", "parameter_missing");
  }
  if (!records.meters.has(meter)) throw noSuch("billing meter", meter, "recurring[meter]");
  return meter;
}

/** Frees a lookup key for a price. @throws StripeApiError if another price has it and it is not to be transferred */
function takeLookupKey(books: Books, key: string, transfers: boolean): void {
  const owner = [...books.records.prices.values()].find((price) => price.lookup_key === key);
  if (owner === undefined) return;
  if (!transfers) {
    const message = `A price (\`${owner.id}\`) already uses that lookup key.`;
    throw invalidRequest(message, "lookup_key", "resource_already_exists");
  }
  books.change("price.updated", owner, (changed) => {
    changed.lookup_key = null;
  });
}
