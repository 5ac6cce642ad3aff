import { z } from "zod";
import { type Db, decide, unavailable } from "../platform/database.ts";
import { capabilitiesOf, numberSourceSchema, type PhoneNumber, phoneNumberSchema, tenantNumber } from "./shape.ts";

export const numberListSchema = z.strictObject({
  source: numberSourceSchema,
  /** Why the numbers are not the caller's own. */
  notice: z.string().optional(),
  numbers: z.array(phoneNumberSchema),
});

export type NumberList = z.output<typeof numberListSchema>;

const COLUMNS = "id, phone_number, phone_sid, friendly_name, capabilities, is_primary, status";

/**
 * The caller's numbers, primary first. Without any, the shared numbers of the master account with a notice, where the
 * fallback is on and the tenant is not suspended or closed.
 */
export async function listNumbers(db: Db, userDb: Db, userId: string, fallback: boolean): Promise<NumberList> {
  const numbers = await ownNumbers(userDb, userId);
  if (numbers.length > 0 || !fallback) return { source: "subaccount", numbers };
  return await sharedNumbers(db, userId);
}

/** The active numbers in the caller's own account, primary first. */
export async function ownNumbers(userDb: Db, userId: string): Promise<PhoneNumber[]> {
  const { data, error } = await userDb.from("user_twilio_numbers").select(COLUMNS)
    .eq("user_id", userId).eq("status", "active")
    .order("is_primary", { ascending: false }).order("created_at").order("id");
  if (error !== null) throw unavailable("user_twilio_numbers", error.code);
  return data.map(tenantNumber);
}

async function sharedNumbers(db: Db, userId: string): Promise<NumberList> {
  const standing = await decide(db, "number_standing", { p_user_id: userId });
  const shared = sharedNumbersSchema.parse(standing.master_numbers).map(shown);
  const notice = noticeFor(standing.outcome, shared.length);
  return notice === null ? { source: "subaccount", numbers: [] } : { source: "master", notice, numbers: shared };
}

/** A suspended or closed tenant is shown no way around it. */
function noticeFor(standing: string, count: number): string | null {
  if (standing === "suspended" || standing === "closed") return null;
  if (count === 0) return "You have no numbers yet, and there are no shared ones";
  return standing === "active"
    ? "You have no numbers yet: these are shared numbers of the platform, shown as examples. Buy a number of your own to send"
    : "You have no subaccount yet: these are shared numbers of the platform. Messages sent from them go through the master account, within narrow limits";
}

const sharedNumbersSchema = z.array(z.object({
  id: z.string(),
  phoneNumber: z.string(),
  phoneSid: z.string(),
  friendlyName: z.string().nullable(),
  capabilities: z.unknown(),
}));

function shown(number: z.output<typeof sharedNumbersSchema>[number]): PhoneNumber {
  return {
    ...number,
    capabilities: capabilitiesOf(number.capabilities),
    isPrimary: false,
    status: "active",
    source: "master",
  };
}
