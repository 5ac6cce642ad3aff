import { releasedOf, releaseNumber } from "../_shared/numbers/release.ts";
import { ownedNumber } from "../_shared/numbers/shape.ts";
import { numberError } from "../_shared/numbers/errors.ts";
import { decision } from "../_shared/platform/database.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { ApiError } from "../_shared/platform/errors.ts";
import { enforceRateLimit } from "../_shared/platform/rate-limit.ts";
import { readJson } from "../_shared/platform/request.ts";
import { twilioAccounts } from "../_shared/accounts/twilio-accounts.ts";
import { releaseSchema } from "./contract.ts";

const beginNumberRelease = decision("begin_number_release", {
  begun: ["number", "subaccount_sid", "sealed_token"],
  releasing: ["number", "subaccount_sid", "sealed_token"],
  released: ["number", "primary_number?"],
  unconfirmed: [],
  purchasing: ["number"],
  not_found: [],
  none: [],
  pending: [],
  suspended: [],
  closed: [],
});

const LIMIT = { action: "release", perUser: 20, perAddress: 100, windowSeconds: 60 };

/** Marks the number as being released, then deletes it with the caller's own credentials. */
export async function handle(request: Request, context: Context): Promise<Response> {
  const { numberId, confirmPhoneNumber } = await readJson(request, releaseSchema);
  await enforceRateLimit(LIMIT, request, context);
  const { db, user, requestId } = context;
  const decided = await beginNumberRelease(db, {
    p_user_id: user.id,
    p_number_id: numberId,
    p_confirm_phone_number: confirmPhoneNumber ?? "",
  });
  switch (decided.outcome) {
    case "begun":
    case "releasing": { // another request is releasing it, or a response was lost: deleting twice does no harm
      const { subaccount_sid: accountSid, sealed_token: sealedToken } = decided;
      const twilio = await twilioAccounts(context).from({ userId: user.id, accountSid, sealedToken });
      const { phoneNumber, phoneSid } = ownedNumber(decided.number);
      const begunBefore = decided.outcome === "releasing";
      const release = { userId: user.id, numberId, phoneNumber, phoneSid, begunBefore };
      return Response.json(await releaseNumber(release, { db, twilio, requestId }));
    }
    case "released":
      return Response.json(releasedOf(decided));
    case "unconfirmed":
      throw unconfirmed();
    case "purchasing":
    case "not_found":
    case "none":
    case "pending":
    case "suspended":
    case "closed":
      throw numberError(numberId, decided);
  }
}

function unconfirmed(): ApiError {
  return new ApiError(
    "invalid_input",
    `Cannot release: "confirmPhoneNumber" must be the number itself, because releasing is final`,
    {
      details: [{
        field: "confirmPhoneNumber",
        code: "confirmation_required",
        message: "must be the number itself, as in +14155550100",
      }],
    },
  );
}
