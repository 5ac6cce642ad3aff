import * as z from "zod";
import { type Db, decision, type Enum, unavailable } from "../platform/database.ts";
import {
  numberSourceSchema,
  type PhoneNumber,
  phoneNumberSchema,
  sharedNumber,
  SHOWN_COLUMNS,
  tenantNumber,
} from "./shape.ts";

const accountAndSharedNumbers = decision("account_and_shared_numbers", {
  none: ["shared_numbers"],
  pending: ["shared_numbers"],
  active: ["shared_numbers"],
  suspended: [],
  closed: [],
});

export const numberListSchema = z.strictObject({
  source: numberSourceSchema,
  notice: z.string().optional().describe("Why the numbers are not the caller's own"),
  numbers: z.array(phoneNumberSchema),
}).meta({ id: "NumberList", description: "The response of list-numbers" });

export type NumberList = z.output<typeof numberListSchema>;

/**
 * The caller's numbers, primary first. Without any: the shared numbers of the master account with a notice, if the fallback
 * is on and the tenant is not suspended or closed.
 */
export async function listNumbers(db: Db, userDb: Db, userId: string, fallback: boolean): Promise<NumberList> {
  const numbers = await ownNumbers(userDb, userId);
  if (numbers.length > 0 || !fallback) return { source: "subaccount", numbers };
  return await sharedNumbers(db, userId);
}

/** The active numbers in the caller's own account, primary first. */
export async function ownNumbers(userDb: Db, userId: string): Promise<PhoneNumber[]> {
  const { data, error } = await userDb.from("user_twilio_numbers").select(SHOWN_COLUMNS)
    .eq("user_id", userId).eq("status", "active")
    .order("is_primary", { ascending: false }).order("created_at").order("id");
  if (error !== null) throw unavailable("user_twilio_numbers", error.code);
  return data.map(tenantNumber);
}

async function sharedNumbers(db: Db, userId: string): Promise<NumberList> {
  const account = await accountAndSharedNumbers(db, { p_user_id: userId });
  switch (account.outcome) {
    case "suspended": // A suspended tenant cannot use the shared numbers either.
    case "closed":
      return { source: "subaccount", numbers: [] };
    case "none":
    case "pending":
    case "active": {
      const numbers = z.array(z.json()).parse(account.shared_numbers).map(sharedNumber);
      return { source: "master", notice: noticeFor(account.outcome, numbers.length), numbers };
    }
  }
}

function noticeFor(status: Exclude<Enum<"account_status">, "suspended" | "closed">, count: number): string {
  if (count === 0) return "You have no numbers yet, and there are no shared ones";
  return status === "active"
    ? "You have no numbers yet: these are shared numbers of the platform, shown as examples. Buy a number of your own to send"
    : "You have no subaccount yet: these are shared numbers of the platform. You can send from them, within narrow limits";
}
