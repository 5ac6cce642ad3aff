import { z } from "zod";

/** What a number can do. Twilio spells the keys differently for numbers on offer and numbers owned; here they are always these. */
export const capabilitiesSchema = z.strictObject({ sms: z.boolean(), mms: z.boolean(), voice: z.boolean() });

export type Capabilities = z.output<typeof capabilitiesSchema>;

export const numberSourceSchema = z.enum(["subaccount", "master"]);

export type NumberSource = z.output<typeof numberSourceSchema>;

/** A number as every endpoint shows it. */
export const phoneNumberSchema = z.strictObject({
  id: z.string(),
  phoneNumber: z.string(),
  phoneSid: z.string().nullable(),
  friendlyName: z.string().nullable(),
  capabilities: capabilitiesSchema,
  isPrimary: z.boolean(),
  status: z.string(),
  source: numberSourceSchema,
});

export type PhoneNumber = z.output<typeof phoneNumberSchema>;

/** Reads capabilities under either spelling (`SMS` on offer, `sms` owned); what is not said is absent. */
export function capabilitiesOf(raw: unknown): Capabilities {
  const said = new Map(
    Object.entries(typeof raw === "object" && raw !== null ? raw : {}).map((
      [key, value],
    ) => [key.toLowerCase(), value === true]),
  );
  return { sms: said.get("sms") ?? false, mms: said.get("mms") ?? false, voice: said.get("voice") ?? false };
}

const numberRowSchema = z.object({
  id: z.string(),
  phone_number: z.string(),
  phone_sid: z.string().nullable(),
  friendly_name: z.string().nullable(),
  capabilities: z.unknown(),
  is_primary: z.boolean(),
  status: z.string(),
});

type NumberRow = z.output<typeof numberRowSchema>;

/** A row of `user_twilio_numbers` as callers see it. */
export function tenantNumber(row: NumberRow): PhoneNumber {
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

/** As `tenantNumber`, for a number that a decision answers with as one value. */
export function decidedNumber(row: unknown): PhoneNumber {
  return tenantNumber(numberRowSchema.parse(row));
}

/** As `decidedNumber`, for one that Twilio has sold: it has a SID. */
export function ownedNumber(row: unknown): PhoneNumber & { phoneSid: string } {
  const number = decidedNumber(row);
  return { ...number, phoneSid: z.string().parse(number.phoneSid) };
}

/** A number that somebody asks about, in E.164. */
export const phoneNumberText = z.string().regex(
  /^\+[1-9][0-9]{6,14}$/,
  "must be a phone number in international form (+ and country code)",
);

/** What somebody calls a number: as long as Twilio allows. */
export const friendlyNameText = z.string().min(1).max(64);
