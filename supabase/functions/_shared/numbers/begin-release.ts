import type { SealedCredentials } from "../accounts/twilio-accounts.ts";
import { type Db, decision } from "../platform/database.ts";
import { ApiError } from "../platform/errors.ts";
import { numberError } from "./errors.ts";
import { type Release, type Released, releasedOf } from "./release.ts";
import { ownedNumber } from "./shape.ts";

const begin = decision("begin_number_release", {
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

export type BegunRelease =
  /** The number is marked as being released: it is to be deleted at Twilio. */
  | { outcome: "begun"; release: Release; credentials: SealedCredentials }
  /** An earlier request released it. */
  | { outcome: "released"; result: Released };

/**
 * Decides in one round trip whether the tenant may release a number, and marks it.
 * @throws ApiError that names the rule that forbids it
 */
export async function beginRelease(
  db: Db,
  { userId, numberId, confirmPhoneNumber }: {
    userId: string;
    numberId: string;
    confirmPhoneNumber?: string | undefined;
  },
): Promise<BegunRelease> {
  const decided = await begin(db, {
    p_user_id: userId,
    p_number_id: numberId,
    p_confirm_phone_number: confirmPhoneNumber ?? "",
  });
  switch (decided.outcome) {
    case "begun":
    case "releasing": { // Another request is releasing it, or a response was lost. Deleting twice does no harm.
      const { subaccount_sid: accountSid, sealed_token: sealedToken } = decided;
      const { phoneNumber, phoneSid } = ownedNumber(decided.number);
      const begunBefore = decided.outcome === "releasing";
      return {
        outcome: "begun",
        release: { userId, numberId, phoneNumber, phoneSid, begunBefore },
        credentials: { userId, accountSid, sealedToken },
      };
    }
    case "released":
      return { outcome: "released", result: releasedOf(decided) };
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
