import { decide } from "../platform/database.ts";
import type { Context } from "../platform/endpoint.ts";
import { type ErrorCode, Refusal } from "../platform/errors.ts";
import type { Twilio } from "../twilio/client.ts";
import { tenantTwilio } from "./credentials.ts";

/** Twilio as the caller's own active subaccount. @throws Refusal saying what stands in the way */
export async function requireActiveSubaccount(
  { db, env, user }: Context,
): Promise<{ twilio: Twilio; accountSid: string }> {
  const account = await decide(db, "subaccount_of", { p_user_id: user.id });
  if (account.outcome !== "active") throw standingRefusal(account.outcome);
  const { subaccount_sid: accountSid, sealed_token: sealedToken } = account;
  return { twilio: await tenantTwilio({ db, env }, { userId: user.id, accountSid, sealedToken }), accountSid };
}

/** What stands in the way of whoever acts through a subaccount of theirs. */
export const STANDING_ERRORS = [
  "subaccount_required",
  "subaccount_pending",
  "subaccount_suspended",
  "subaccount_closed",
] as const satisfies readonly ErrorCode[];

/** Why a tenant cannot act through a subaccount of theirs. */
export function standingRefusal(standing: string): Refusal {
  switch (standing) {
    case "none":
    case "no_subaccount":
      return new Refusal("subaccount_required", "Cannot do this: you have no subaccount yet, provision one first");
    case "pending":
      return new Refusal("subaccount_pending", "Cannot do this yet: your subaccount is being set up", {
        headers: { "retry-after": "5" },
      });
    case "suspended":
      return new Refusal("subaccount_suspended", "Cannot do this: your subaccount is suspended");
    case "closed":
      return new Refusal("subaccount_closed", "Cannot do this: your subaccount is closed");
    default:
      throw new Error(`"${standing}" is no standing that anybody here knows`);
  }
}
