import { z } from "zod";

export const capabilitiesSchema = z.strictObject({ sms: z.boolean(), mms: z.boolean(), voice: z.boolean() });

/** A number as every endpoint shows it. */
export const phoneNumberSchema = z.strictObject({
  id: z.string(),
  phoneNumber: z.string(),
  phoneSid: z.string().nullable(),
  friendlyName: z.string().nullable(),
  capabilities: capabilitiesSchema,
  isPrimary: z.boolean(),
  status: z.string(),
  source: z.enum(["subaccount", "master"]),
});
