import * as z from "zod";
import { Constants } from "../database.types.ts";
import { decision, type Enum } from "../platform/database.ts";
import { ApiError, type ErrorCode } from "../platform/errors.ts";

const { twilio_account_status: TWILIO_STATUSES } = Constants.public.Enums;

export const subaccountStatusSchema = z.enum(["pending", ...TWILIO_STATUSES]).meta({
  id: "SubaccountStatus",
  description: "A subaccount's status as stored: the status at Twilio, or pending before there is an account",
});

/** A tenant's account status, with the SID and sealed token of their subaccount. */
export const subaccountOf = decision("subaccount_of", {
  none: [],
  pending: ["subaccount_sid?"],
  active: ["subaccount_sid", "sealed_token"],
  suspended: ["subaccount_sid?"],
  closed: ["subaccount_sid?"],
});

/** An account status in which a tenant cannot act through their subaccount. */
export type InactiveStatus = Exclude<Enum<"account_status">, "active">;

/** The errors of an operation that needs an active subaccount. */
export const ACCOUNT_STATUS_ERRORS = [
  "subaccount_required",
  "subaccount_pending",
  "subaccount_suspended",
  "subaccount_closed",
] as const satisfies readonly ErrorCode[];

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
