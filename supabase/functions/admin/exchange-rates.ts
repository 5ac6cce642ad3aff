import * as z from "zod";
import { type Columns, csvResponse, formatParameter } from "../_shared/platform/csv.ts";
import { completeRows, decide } from "../_shared/platform/database.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { cursorParameter, limitParameter, nextSchema, page, writeCursor } from "../_shared/platform/paging.ts";
import { readJson, readQuery } from "../_shared/platform/request.ts";
import { isoOf } from "../_shared/platform/time.ts";
import { daySchema } from "../_shared/usage/report.ts";
import { reasonText } from "./shapes.ts";

const unit = z.string().regex(/^[A-Z]{3}$/, "must be three capital letters")
  .describe("The currency in which Twilio charges (ISO 4217, upper case)");
const currency = z.string().regex(/^[a-z]{3}$/, "must be three small letters")
  .describe("The currency of a plan (ISO 4217, lower case)");

const rateSchema = z.strictObject({
  unit,
  currency,
  validFrom: daySchema.describe("The first UTC day; the rate holds until the next one's day"),
  rate: z.number().gt(0).max(1_000_000_000).refine((rate) => /^\d+(\.\d{1,10})?$/.test(String(rate)), {
    error: "must have at most ten decimals",
  }).describe("What one of unit is worth in currency, with up to ten decimals"),
}).meta({ id: "ExchangeRate", description: "The rate at which usage is billed in another currency than Twilio's" });

const listedRateSchema = rateSchema.extend({
  reason: z.string(),
  setBy: z.guid().describe("The operator's id"),
  setAt: z.iso.datetime(),
}).meta({ id: "ListedExchangeRate" });

type ListedRate = z.output<typeof listedRateSchema>;

export const exchangeRateSetting = rateSchema.extend({ reason: reasonText })
  .refine(({ unit, currency }) => unit !== currency.toUpperCase(), {
    error: "must be another currency than unit",
    path: ["currency"],
  })
  .meta({ id: "ExchangeRateSetting", description: "The body of admin/set-exchange-rate" });

export const exchangeRateSet = rateSchema.extend({
  changed: z.boolean().describe("false: the currencies had this rate from this day on already"),
}).meta({ id: "ExchangeRateSet", description: "The response of admin/set-exchange-rate" });

export const exchangeRatesQuery = z.strictObject({
  unit: unit.optional(),
  currency: currency.optional(),
  cursor: cursorParameter(z.tuple([unit, currency, daySchema])),
  limit: limitParameter(200, 50),
  format: formatParameter,
}).meta({ id: "ExchangeRatesPage" });

export const exchangeRateList = z.strictObject({ rates: z.array(listedRateSchema), next: nextSchema })
  .meta({ id: "ExchangeRateList", description: "The response of admin/exchange-rates" });

const CSV_COLUMNS: Columns<ListedRate> = {
  unit: ({ unit }) => unit,
  currency: ({ currency }) => currency,
  validFrom: ({ validFrom }) => validFrom,
  rate: ({ rate }) => rate,
  reason: ({ reason }) => reason,
  setBy: ({ setBy }) => setBy,
  setAt: ({ setAt }) => setAt,
};

/** Exchange rates by currencies and day. */
export async function listExchangeRates(request: Request, { db }: Context): Promise<Response> {
  const { unit, currency, cursor, limit, format } = readQuery(request, exchangeRatesQuery);
  const found = await completeRows(db, "list_exchange_rates", {
    p_unit: unit ?? null,
    p_currency: currency ?? null,
    p_after_unit: cursor?.[0] ?? null,
    p_after_currency: cursor?.[1] ?? null,
    p_after_day: cursor?.[2] ?? null,
    p_limit: limit,
  }, []);
  const { items: rates, next } = page(
    found,
    limit,
    ({ unit, currency, valid_from: validFrom, rate, reason, set_by: setBy, set_at }): ListedRate => ({
      unit,
      currency,
      validFrom,
      rate: Number(rate),
      reason,
      setBy,
      setAt: isoOf(set_at),
    }),
    (last) => writeCursor([last.unit, last.currency, last.valid_from]),
  );
  return format === "csv"
    ? csvResponse("exchange-rates", CSV_COLUMNS, { items: rates, next })
    : Response.json({ rates, next });
}

/** Sets what a currency is worth in another from a day on. Usage that waits for it is rated. */
export async function setExchangeRate(request: Request, { db, user, requestId }: Context): Promise<Response> {
  const { reason, ...rate } = await readJson(request, exchangeRateSetting);
  const outcome = await decide(db, "set_exchange_rate", {
    p_unit: rate.unit,
    p_currency: rate.currency,
    p_valid_from: rate.validFrom,
    p_rate: rate.rate,
    p_operator_id: user.id,
    p_request_id: requestId,
    p_reason: reason,
  });
  return Response.json({ ...rate, changed: outcome === "set" });
}
