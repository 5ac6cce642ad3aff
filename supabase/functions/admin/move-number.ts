import type * as z from "zod";
import { moveNumber } from "../_shared/numbers/move.ts";
import { decision, type Enum } from "../_shared/platform/database.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { ApiError } from "../_shared/platform/errors.ts";
import { readJson } from "../_shared/platform/request.ts";
import { twilioAccounts } from "../_shared/accounts/twilio-accounts.ts";
import { type movedSchema, moveSchema } from "./contract.ts";

const numberToMove = decision("number_to_move", {
  movable: ["subaccount_sid"],
  held: [],
  purchasing: [],
  releasing: [],
  unknown_user: [],
  none: [],
  pending: [],
  suspended: [],
  closed: [],
});

type RequestedMove = z.output<typeof moveSchema>;

const WARNING =
  "Registrations do not move with a number: register the number for A2P 10DLC or toll-free verification again in its new account, or carriers will block its texts";

/** Moves a number between the master account and a tenant's. */
export async function moveNumberOf(request: Request, { db, env, user, requestId }: Context): Promise<Response> {
  const requested = await readJson(request, moveSchema);
  const { phoneNumber, userId } = requested;
  const asked = await numberToMove(db, { p_user_id: userId, p_phone_number: phoneNumber });
  if (asked.outcome !== "movable") throw cannotMove(requested, asked.outcome);
  const number = await moveNumber({ ...requested, subaccountSid: asked.subaccount_sid, operatorId: user.id }, {
    db,
    master: await twilioAccounts({ db, env }).master(),
    masterAccountSid: env.TWILIO_ACCOUNT_SID,
    publicBaseUrl: env.PUBLIC_BASE_URL,
    requestId,
  });
  return Response.json({ number, warning: WARNING } satisfies z.output<typeof movedSchema>);
}

/** Numbers move to and from active accounts only. */
function cannotMove(
  { phoneNumber, userId }: RequestedMove,
  outcome: Exclude<Enum<"number_to_move_outcome">, "movable">,
): ApiError {
  const cannot = `Cannot move "${phoneNumber}"`;
  switch (outcome) {
    case "unknown_user":
      return new ApiError("not_found", `Cannot find a user "${userId}"`);
    case "held":
      return new ApiError("number_taken", `${cannot}: it is another tenant's`);
    case "purchasing":
      return new ApiError("number_purchase_in_progress", `${cannot}: it is being bought`);
    case "releasing":
      return new ApiError("number_release_in_progress", `${cannot}: it is being released`);
    case "none":
      return new ApiError("subaccount_required", `${cannot}: user "${userId}" has no subaccount`);
    case "pending":
      return new ApiError("subaccount_pending", `${cannot}: the subaccount of user "${userId}" is being set up`);
    case "suspended":
      return new ApiError("subaccount_suspended", `${cannot}: user "${userId}" is suspended`);
    case "closed":
      return new ApiError("subaccount_closed", `${cannot}: the account of user "${userId}" is closed`);
  }
}
