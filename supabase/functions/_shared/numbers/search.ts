import type { LocalListInstance } from "twilio/lib/rest/api/v2010/account/availablePhoneNumberCountry/local.js";
import * as z from "zod";
import type { Twilio } from "../twilio/client.ts";
import { errorOfFailure, requireTwilioFailure } from "../twilio/errors.ts";
import type { NumberPrices } from "../twilio/pricing.ts";
import { type Db, decide } from "../platform/database.ts";
import { ApiError } from "../platform/errors.ts";
import { countrySchema, unescapedPlus } from "./phone-number.ts";
import { capabilitiesOf, capabilitiesSchema } from "./shape.ts";

const flag = z.enum(["true", "false"]).transform((value) => value === "true");

const numberType = z.enum(["local", "mobile", "tollFree"]).meta({ id: "NumberType" });

export const searchSchema = z.strictObject({
  country: countrySchema.default("US")
    .describe("ISO 3166, two letters"),
  type: numberType.default("local"),
  areaCode: z.string().regex(/^[0-9]{3}$/, "must be three digits").optional().describe("Three digits"),
  contains: z.string().overwrite(unescapedPlus).regex(/^\+?[0-9A-Za-z*]{2,16}$/, "must be 2 to 16 digits, letters or *")
    .optional()
    .describe("2 to 16 digits, letters or *"),
  locality: z.string().min(1).max(100).optional(),
  region: z.string().min(1).max(100).optional(),
  sms: flag.optional().describe("true unless given"),
  mms: flag.optional(),
  voice: flag.optional(),
  limit: z.coerce.number().int().min(1).max(50).default(20).describe("1 to 50; 20 unless given"),
}).meta({ id: "NumberSearch", description: "The criteria for numbers on offer" });

export type Search = z.output<typeof searchSchema>;

const addressRequirementSchema = z.enum(["none", "any", "local", "foreign"]).meta({
  id: "AddressRequirement",
  description: "The address (addressSid) with which Twilio sells a number. local: in the number's country. foreign: " +
    "outside of it",
});

export const availableNumberSchema = z.strictObject({
  phoneNumber: z.string().describe("E.164"),
  friendlyName: z.string(),
  locality: z.string().nullable(),
  region: z.string().nullable(),
  isoCountry: z.string().describe("ISO 3166, two letters"),
  type: numberType,
  capabilities: capabilitiesSchema,
  monthlyPrice: z.strictObject({ amount: z.string(), currency: z.string() }).nullable()
    .describe("What the number costs you a month; null if it is not known"),
  addressRequirement: addressRequirementSchema,
  requiresBundle: z.boolean().nullable().describe(
    "Whether Twilio sells such numbers only with an approved regulatory bundle (bundleSid); null if it is not known",
  ),
}).meta({ id: "AvailableNumber", description: "A number on offer" });

export const numberOfferSchema = z.strictObject({ numbers: z.array(availableNumberSchema) })
  .meta({ id: "NumberOffer", description: "The response of search-numbers" });

export type AvailableNumber = z.output<typeof availableNumberSchema>;

/** A search result without what is the same for all numbers of a type. */
type FoundNumber = Omit<AvailableNumber, "monthlyPrice" | "requiresBundle">;

export interface SearchDependencies {
  db: Db;
  /** Twilio as the tenant. */
  twilio: Twilio;
  userId: string;
  /** Twilio's prices in a country; null if they are not available. Never throws. */
  pricesIn: (country: string) => Promise<NumberPrices | null>;
  /** Whether numbers of a type need a regulatory bundle; null if it is not known. Never throws. */
  requiresBundle: (country: string, type: Search["type"]) => Promise<boolean | null>;
}

/** Numbers on offer, their prices and what Twilio requires for them. Only SMS-capable numbers, unless the search says otherwise. @throws ApiError */
export async function searchNumbers(search: Search, dependencies: SearchDependencies): Promise<AvailableNumber[]> {
  const [found, monthlyPrice, requiresBundle] = await Promise.all([
    findNumbers(search, dependencies),
    monthlyPriceOf(search, dependencies),
    dependencies.requiresBundle(search.country, search.type),
  ]);
  return found.map((number) => ({ ...number, monthlyPrice, requiresBundle }));
}

/** The tenant's price of a number of the searched type; null if it is not known. Never throws. */
async function monthlyPriceOf(search: Search, { db, userId, pricesIn }: SearchDependencies) {
  const prices = await pricesIn(search.country);
  const cost = prices?.byType.get(PRICED_AS[search.type]);
  if (prices === null || cost === undefined) return null;
  const { data: price, error } = await db.rpc("price_for_tenant", { p_user_id: userId, p_cost: Number(cost) });
  return error !== null ? null : { amount: String(Number(price)), currency: prices.currency };
}

/** Twilio's names of the types in its prices. */
const PRICED_AS = { local: "local", mobile: "mobile", tollFree: "toll free" } as const;

async function findNumbers(search: Search, { db, twilio, userId }: SearchDependencies): Promise<FoundNumber[]> {
  // The SDK has one class for each type of number, with the same methods that we use.
  const offered = twilio.account.availablePhoneNumbers(search.country)[search.type] as LocalListInstance;
  try {
    const found = await offered.list(criteriaOf(search));
    return found.map((number) => ({
      phoneNumber: number.phoneNumber,
      friendlyName: number.friendlyName,
      locality: number.locality || null,
      region: number.region || null,
      isoCountry: number.isoCountry,
      type: search.type,
      capabilities: capabilitiesOf(number.capabilities),
      // A requirement that is new at Twilio is at least an address.
      addressRequirement: addressRequirementSchema.catch("any").parse(number.addressRequirements),
    }));
  } catch (error) {
    const failure = requireTwilioFailure(error);
    if (failure.kind === "not_found") {
      throw new ApiError(
        "number_not_available",
        `Cannot offer ${search.type} numbers in "${search.country}": Twilio has none there`,
      );
    }
    if (failure.kind === "account") await decide(db, "report_account_trouble", { p_user_id: userId });
    throw errorOfFailure(failure);
  }
}

function criteriaOf(search: Search) {
  const { areaCode, contains, locality, region, mms, voice, limit } = search;
  return {
    smsEnabled: search.sms ?? true,
    limit,
    ...(areaCode !== undefined && { areaCode: Number(areaCode) }),
    ...(contains !== undefined && { contains }),
    ...(locality !== undefined && { inLocality: locality }),
    ...(region !== undefined && { inRegion: region }),
    ...(mms !== undefined && { mmsEnabled: mms }),
    ...(voice !== undefined && { voiceEnabled: voice }),
  };
}
