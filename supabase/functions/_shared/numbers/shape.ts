import * as z from "zod";
import type { Database, Json } from "../database.types.ts";
import { rowFrom } from "../platform/database.ts";

/** Twilio's keys differ in case between numbers on offer and owned numbers. Ours are always these. */
export const capabilitiesSchema = z.strictObject({ sms: z.boolean(), mms: z.boolean(), voice: z.boolean() })
  .meta({ id: "Capabilities", description: "What a number can do" });

export type Capabilities = z.output<typeof capabilitiesSchema>;

export const numberSourceSchema = z.enum(["subaccount", "master"])
  .meta({
    id: "NumberSource",
    description: "The account that a number is in: the tenant's own, or the master account",
  });

export type NumberSource = z.output<typeof numberSourceSchema>;

export const phoneNumberSchema = z.strictObject({
  id: z.string(),
  phoneNumber: z.string().describe("E.164"),
  phoneSid: z.string().nullable().describe("Twilio's, PN…"),
  friendlyName: z.string().nullable(),
  capabilities: capabilitiesSchema,
  isPrimary: z.boolean(),
  status: z.string(),
  source: numberSourceSchema,
}).meta({ id: "PhoneNumber", description: "A number as every endpoint shows it" });

export type PhoneNumber = z.output<typeof phoneNumberSchema>;

/** Reads capabilities with keys in any case (`SMS` on offer, `sms` owned). A missing one is false. */
export function capabilitiesOf(raw: unknown): Capabilities {
  const stated = new Map(
    Object.entries(typeof raw === "object" && raw !== null ? raw : {}).map((
      [key, value],
    ) => [key.toLowerCase(), value === true]),
  );
  return { sms: stated.get("sms") ?? false, mms: stated.get("mms") ?? false, voice: stated.get("voice") ?? false };
}

/** A row of `user_twilio_numbers`. */
export type NumberRow = Database["public"]["Tables"]["user_twilio_numbers"]["Row"];

/** The columns that endpoints show. */
export const SHOWN_COLUMNS = "id, phone_number, phone_sid, friendly_name, capabilities, is_primary, status";

type ShownRow = Pick<
  NumberRow,
  "id" | "phone_number" | "phone_sid" | "friendly_name" | "capabilities" | "is_primary" | "status"
>;

/** A row of `user_twilio_numbers` as callers see it. */
export function tenantNumber(row: ShownRow): PhoneNumber {
  return {
    id: row.id,
    phoneNumber: row.phone_number,
    phoneSid: row.phone_sid,
    friendlyName: row.friendly_name,
    capabilities: capabilitiesOf(row.capabilities),
    isPrimary: row.is_primary,
    status: row.status,
    source: "subaccount",
  };
}

/** As `tenantNumber`, for the row in a decision's column. */
export function decidedNumber(json: Json): PhoneNumber {
  return tenantNumber(rowFrom("user_twilio_numbers", json));
}

/** As `decidedNumber`, for an active number or one that is being released: it has a SID. */
export function ownedNumber(json: Json): PhoneNumber & { phoneSid: string } {
  const number = decidedNumber(json);
  return { ...number, phoneSid: z.string().parse(number.phoneSid) };
}

const sharedNumberSchema = z.object({
  id: z.string(),
  phone_number: z.string(),
  phone_sid: z.string(),
  friendly_name: z.string().nullable(),
  capabilities: z.unknown(),
});

/** A row of `private.master_numbers`, which has no generated type, as callers see it. */
export function sharedNumber(json: Json): PhoneNumber {
  const row = sharedNumberSchema.parse(json);
  return {
    id: row.id,
    phoneNumber: row.phone_number,
    phoneSid: row.phone_sid,
    friendlyName: row.friendly_name,
    capabilities: capabilitiesOf(row.capabilities),
    isPrimary: false,
    status: "active",
    source: "master",
  };
}

/** A number's name. Twilio allows 64 characters. */
export const friendlyNameText = z.string().min(1).max(64);
