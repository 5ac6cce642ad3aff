import type { Enum } from "../platform/database.ts";
import type { Context } from "../platform/endpoint.ts";
import { ApiError, type ErrorCode } from "../platform/errors.ts";
import type { Twilio } from "../twilio/client.ts";
import { subaccountOf, tenantTwilio } from "./credentials.ts";

/** Twilio as the caller's own active subaccount. @throws ApiError that names the account status, if it is not active */
export async function requireActiveSubaccount(
  { db, env, user }: Context,
): Promise<{ twilio: Twilio; accountSid: string }> {
  const account = await subaccountOf(db, { p_user_id: user.id });
  if (account.outcome !== "active") throw accountStatusError(account.outcome);
  const { subaccount_sid: accountSid, sealed_token: sealedToken } = account;
  return { twilio: await tenantTwilio({ db, env }, { userId: user.id, accountSid, sealedToken }), accountSid };
}

/** The errors of an operation that needs an active subaccount. */
export const ACCOUNT_STATUS_ERRORS = [
  "subaccount_required",
  "subaccount_pending",
  "subaccount_suspended",
  "subaccount_closed",
] as const satisfies readonly ErrorCode[];

/** An account status in which a tenant cannot act through their subaccount. */
export type InactiveStatus = Exclude<Enum<"account_status">, "active">;

/** The error for a tenant whose subaccount is not active. */
export function accountStatusError(status: InactiveStatus): ApiError {
  switch (status) {
    case "none":
      return new ApiError("subaccount_required", "Cannot do this: you have no subaccount yet, provision one first");
    case "pending":
      return new ApiError("subaccount_pending", "Cannot do this yet: your subaccount is being set up", {
        headers: { "retry-after": "5" },
      });
    case "suspended":
      return new ApiError("subaccount_suspended", "Cannot do this: your subaccount is suspended");
    case "closed":
      return new ApiError("subaccount_closed", "Cannot do this: your subaccount is closed");
  }
}
