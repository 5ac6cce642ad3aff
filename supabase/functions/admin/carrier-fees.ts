import * as z from "zod";
import { type Columns, csvResponse, formatParameter } from "../_shared/platform/csv.ts";
import { completeRows, decide } from "../_shared/platform/database.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { COUNTRIES, problemOfCountry } from "../_shared/numbers/countries.ts";
import { cursorParameter, limitParameter, nextSchema, page, writeCursor } from "../_shared/platform/paging.ts";
import { readJson, readQuery } from "../_shared/platform/request.ts";
import { daySchema } from "../_shared/usage/report.ts";
import { reasonText } from "./shapes.ts";

const country = z.string().refine((text) => COUNTRIES.has(text), {
  error: ({ input }) => problemOfCountry(String(input)),
}).describe("ISO 3166, two letters");
const channel = z.enum(["sms", "mms"]);

const feeSchema = z.strictObject({
  country,
  channel,
  validFrom: daySchema.describe("The first UTC day; the fee holds until the next one's day"),
  fee: z.number().min(0).max(100).refine((fee) => /^\d+(\.\d{1,5})?$/.test(String(fee)), {
    error: "must have at most five decimals",
  }).describe("For a segment or an MMS, in the currency of the master account: 0 to 100, with up to five decimals"),
}).meta({ id: "CarrierFee", description: "What carriers of a country charge on top of Twilio's listed price" });

type Fee = z.output<typeof feeSchema>;

export const carrierFeeSetting = feeSchema.extend({ reason: reasonText })
  .meta({ id: "CarrierFeeSetting", description: "The body of admin/set-carrier-fee" });

export const carrierFeeSet = feeSchema.extend({
  changed: z.boolean().describe("false: the country had this fee from this day on already"),
}).meta({ id: "CarrierFeeSet", description: "The response of admin/set-carrier-fee" });

export const carrierFeesQuery = z.strictObject({
  country: country.optional(),
  cursor: cursorParameter(z.tuple([country, channel, daySchema])),
  limit: limitParameter(200, 50),
  format: formatParameter,
}).meta({ id: "CarrierFeesPage" });

export const carrierFeeList = z.strictObject({ fees: z.array(feeSchema), next: nextSchema })
  .meta({ id: "CarrierFeeList", description: "The response of admin/carrier-fees" });

const CSV_COLUMNS: Columns<Fee> = {
  country: ({ country }) => country,
  channel: ({ channel }) => channel,
  validFrom: ({ validFrom }) => validFrom,
  fee: ({ fee }) => fee,
};

/** Carrier fees by country, channel and day. */
export async function listCarrierFees(request: Request, { db }: Context): Promise<Response> {
  const { country, cursor, limit, format } = readQuery(request, carrierFeesQuery);
  const found = await completeRows(db, "list_carrier_fees", {
    p_country: country ?? null,
    p_after_country: cursor?.[0] ?? null,
    p_after_channel: cursor?.[1] ?? null,
    p_after_day: cursor?.[2] ?? null,
    p_limit: limit,
  }, []);
  const { items: fees, next } = page(
    found,
    limit,
    ({ country, channel, valid_from: validFrom, fee }): Fee => ({
      country,
      channel: channel as Fee["channel"],
      validFrom,
      fee: Number(fee),
    }),
    (last) => writeCursor([last.country, last.channel, last.valid_from]),
  );
  return format === "csv"
    ? csvResponse("carrier-fees", CSV_COLUMNS, { items: fees, next })
    : Response.json({ fees, next });
}

/** Sets the carrier fee of a country and channel from a day on. */
export async function setCarrierFee(request: Request, { db, user, requestId }: Context): Promise<Response> {
  const { reason, ...fee } = await readJson(request, carrierFeeSetting);
  const outcome = await decide(db, "set_carrier_fee", {
    p_country: fee.country,
    p_channel: fee.channel,
    p_valid_from: fee.validFrom,
    p_fee: fee.fee,
    p_operator_id: user.id,
    p_request_id: requestId,
    p_reason: reason,
  });
  return Response.json({ ...fee, changed: outcome === "set" });
}
