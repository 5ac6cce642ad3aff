import { buyNumber, stillPurchasing } from "../_shared/numbers/buy.ts";
import { stillReleasing } from "../_shared/numbers/release.ts";
import { decision } from "../_shared/platform/database.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { ApiError } from "../_shared/platform/errors.ts";
import { enforceRateLimit } from "../_shared/platform/rate-limit.ts";
import { readJson } from "../_shared/platform/request.ts";
import { twilioAccounts } from "../_shared/accounts/twilio-accounts.ts";
import { accountStatusError } from "../_shared/accounts/status.ts";
import { purchaseSchema } from "./contract.ts";

const reserveNumber = decision("reserve_number", {
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

const LIMIT = { action: "buy", perUser: 20, perAddress: 100, windowSeconds: 60 };

/** Reserves the number, then buys it with the caller's own credentials. */
export async function handle(request: Request, context: Context): Promise<Response> {
  const wish = await readJson(request, purchaseSchema);
  const { phoneNumber, friendlyName } = wish;
  await enforceRateLimit(LIMIT, request, context);
  const { db, env, user, requestId } = context;
  const reserved = await reserveNumber(db, {
    p_user_id: user.id,
    p_phone_number: phoneNumber,
    p_friendly_name: friendlyName ?? null,
  });
  switch (reserved.outcome) {
    case "reserved": {
      const { subaccount_sid: accountSid, sealed_token: sealedToken } = reserved;
      const twilio = await twilioAccounts(context).from({ userId: user.id, accountSid, sealedToken });
      const purchase = { ...wish, userId: user.id, numberId: reserved.number_id };
      const number = await buyNumber(purchase, { db, twilio, publicBaseUrl: env.PUBLIC_BASE_URL, requestId });
      return Response.json(number, { status: 201 });
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
        `Cannot buy "${phoneNumber}": your plan's limit of ${reserved.number_limit} numbers is reached`,
        {
          details: [{ limit: reserved.number_limit }],
        },
      );
    case "none":
    case "pending":
    case "suspended":
    case "closed":
      throw accountStatusError(reserved.outcome);
  }
}
