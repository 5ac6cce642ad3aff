import * as z from "zod";
import { ApiError } from "../platform/errors.ts";
import { twilioDetail, type TwilioFailure } from "../twilio/errors.ts";

/** The fields that name an account's regulatory information at Twilio. */
export const regulatoryShape = {
  addressSid: z.string().regex(/^AD[0-9a-fA-F]{32}$/, "must be AD followed by 32 hex digits").optional()
    .describe("AD…, where the country requires an address: one of the account that gets the number"),
  bundleSid: z.string().regex(/^BU[0-9a-fA-F]{32}$/, "must be BU followed by 32 hex digits").optional()
    .describe(
      "BU…, where the country requires a regulatory bundle: an approved one of the account that gets the number",
    ),
};

/** An address and a bundle of the account that gets a number, where the number's country requires them. */
export interface RegulatoryInformation {
  addressSid?: string | undefined;
  bundleSid?: string | undefined;
}

/** The information as parameters of Twilio's API. */
export function regulatoryParameters(
  { addressSid, bundleSid }: RegulatoryInformation,
): { addressSid?: string; bundleSid?: string } {
  return { ...(addressSid !== undefined && { addressSid }), ...(bundleSid !== undefined && { bundleSid }) };
}

/** What is missing according to Twilio's code, and the field for it. */
const NEEDED: Readonly<Record<number, { field: keyof RegulatoryInformation; needed: string }>> = {
  21613: { field: "addressSid", needed: "an address" },
  21615: { field: "addressSid", needed: "an address of the right kind in its country" },
  21631: { field: "addressSid", needed: "an address" },
  21649: { field: "bundleSid", needed: "an approved regulatory bundle" },
};

/**
 * The error for a purchase or a move that Twilio refused for its regulatory information; null for any other refusal.
 * @param cannot what could not be done, for example `Cannot buy "+4915731234567"`
 */
export function regulatoryError(
  failure: Extract<TwilioFailure, { kind: "refused" }>,
  regulatory: RegulatoryInformation,
  cannot: string,
): ApiError | null {
  const missing = NEEDED[failure.code];
  if (missing === undefined) return null;
  const { field, needed } = missing;
  const given = regulatory[field];
  const reason = given === undefined
    ? `it needs ${needed}`
    : `it needs ${needed}, and Twilio does not accept "${given}"`;
  const code = given === undefined ? "required" : "not_accepted";
  return new ApiError("regulatory_information_required", `${cannot}: ${reason}`, {
    details: [{ field, code, message: `must be the SID of ${needed}`, ...twilioDetail(failure) }],
  });
}
