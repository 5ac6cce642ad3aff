import type { SealedCredentials } from "../accounts/twilio-accounts.ts";
import { accountStatusError } from "../accounts/status.ts";
import { type Db, decision } from "../platform/database.ts";
import { ApiError } from "../platform/errors.ts";
import { stillPurchasing, stillReleasing } from "./errors.ts";

const reserve = decision("reserve_number", {
  reserved: ["number_id", "subaccount_sid", "sealed_token"],
  in_progress: [],
  already_owned: [],
  releasing: [],
  taken: [],
  limit_reached: ["number_limit"],
  none: [],
  pending: [],
  suspended: [],
  closed: [],
});

/** A number that is reserved for a tenant, and the credentials to buy it with. */
export interface NumberReservation {
  numberId: string;
  credentials: SealedCredentials;
}

/**
 * Decides in one round trip whether the tenant may buy a number, and reserves it.
 * @throws ApiError that names the rule that forbids it
 */
export async function reserveNumber(
  db: Db,
  { userId, phoneNumber, friendlyName }: { userId: string; phoneNumber: string; friendlyName?: string | undefined },
): Promise<NumberReservation> {
  const decided = await reserve(db, {
    p_user_id: userId,
    p_phone_number: phoneNumber,
    p_friendly_name: friendlyName ?? null,
  });
  switch (decided.outcome) {
    case "reserved": {
      const { number_id: numberId, subaccount_sid: accountSid, sealed_token: sealedToken } = decided;
      return { numberId, credentials: { userId, accountSid, sealedToken } };
    }
    case "already_owned":
      throw new ApiError("number_taken", `Cannot buy "${phoneNumber}": it is yours already`);
    case "taken":
      throw new ApiError("number_taken", `Cannot buy "${phoneNumber}": it is no longer available`);
    case "in_progress":
      throw stillPurchasing(phoneNumber);
    case "releasing":
      throw stillReleasing(phoneNumber);
    case "limit_reached":
      throw new ApiError(
        "number_limit_reached",
        `Cannot buy "${phoneNumber}": your plan's limit of ${decided.number_limit} numbers is reached`,
        { details: [{ limit: decided.number_limit }] },
      );
    case "none":
    case "pending":
    case "suspended":
    case "closed":
      throw accountStatusError(decided.outcome);
  }
}
