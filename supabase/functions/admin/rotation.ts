import { wakeJobs } from "../_shared/jobs/wake.ts";
import { decide, decision } from "../_shared/platform/database.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { ApiError } from "../_shared/platform/errors.ts";
import { readJson } from "../_shared/platform/request.ts";
import type { InactiveStatus } from "../_shared/accounts/status.ts";
import { keyRingOf } from "../_shared/sealing/key-ring.ts";
import { sealingKeys } from "../_shared/sealing/keys-in-use.ts";
import { reasonSchema, tokenRotationSchema } from "./contract.ts";

const requestTokenRotation = decision("request_token_rotation", {
  accepted: ["subaccount_sid"],
  none: [],
  pending: [],
  suspended: [],
  closed: [],
});

/** Rotates the token of a tenant's subaccount. A job does it; the response is 202. */
export async function rotateTokenOf(request: Request, { db, env, user, requestId }: Context): Promise<Response> {
  const { userId, reason } = await readJson(request, tokenRotationSchema);
  const requested = await requestTokenRotation(db, {
    p_user_id: userId,
    p_operator_id: user.id,
    p_request_id: requestId,
    p_reason: reason,
  });
  if (requested.outcome !== "accepted") throw cannotRotate(userId, requested.outcome);
  wakeJobs(env, "control");
  return Response.json({ accepted: true, userId, subaccountSid: requested.subaccount_sid }, { status: 202 });
}

/** Seals all tokens with the current key now, before the daily run. A job does it; the response is 202. */
export async function rotateSealingKeys(request: Request, { db, env, user, requestId }: Context): Promise<Response> {
  const { reason } = await readJson(request, reasonSchema);
  await decide(db, "request_sealing_key_rotation", {
    p_operator_id: user.id,
    p_request_id: requestId,
    p_reason: reason,
  });
  wakeJobs(env, "control");
  return Response.json({ accepted: true }, { status: 202 });
}

/** The current sealing key, and the keys that are in use, missing, or no longer needed. */
export async function showSealingKeys(_request: Request, { db, env }: Context): Promise<Response> {
  return Response.json(await sealingKeys(db, keyRingOf(env)));
}

/** Only an active account may change its tokens. */
function cannotRotate(userId: string, status: InactiveStatus): ApiError {
  switch (status) {
    case "none":
      return new ApiError("not_found", `Cannot find a subaccount of user "${userId}"`);
    case "pending":
      return new ApiError("subaccount_pending", `Cannot rotate the token of user "${userId}": it is not stored yet`);
    case "suspended":
      return new ApiError("subaccount_suspended", `Cannot rotate the token of user "${userId}": they are suspended`);
    case "closed":
      return new ApiError("subaccount_closed", `Cannot rotate the token of user "${userId}": their account is closed`);
  }
}
