import { wakeJobs } from "../_shared/jobs/wake.ts";
import { decide } from "../_shared/platform/database.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { Refusal } from "../_shared/platform/errors.ts";
import { expectNoBody, expectNoQuery, readJson } from "../_shared/platform/request.ts";
import { sealingKeys } from "../_shared/subaccounts/sealing-keys.ts";
import { tenantSchema } from "./contract.ts";

/** Gives a tenant's subaccount another token. A job does it; the answer is 202. */
export async function rotateTokenOf(request: Request, { db, env, user, requestId }: Context): Promise<Response> {
  const { userId } = await readJson(request, tenantSchema);
  const asked = await decide(db, "request_token_rotation", {
    p_user_id: userId,
    p_operator_id: user.id,
    p_request_id: requestId,
  });
  if (asked.outcome !== "accepted") throw cannotRotate(userId, asked.outcome);
  wakeJobs(env);
  return Response.json({ accepted: true, userId, subaccountSid: asked.subaccount_sid }, { status: 202 });
}

/** Seals all tokens under the current key now rather than with the next day. A job does it; the answer is 202. */
export async function rotateSealingKeys(request: Request, { db, env, user, requestId }: Context): Promise<Response> {
  await expectNoBody(request);
  await decide(db, "request_sealing_key_rotation", { p_operator_id: user.id, p_request_id: requestId });
  wakeJobs(env);
  return Response.json({ accepted: true }, { status: 202 });
}

/** Which sealing key seals, which are needed, which are missing, and which may go. */
export async function showSealingKeys(request: Request, { db, env }: Context): Promise<Response> {
  expectNoQuery(request);
  return Response.json(await sealingKeys(db, env.TOKEN_SEALING_KEYS));
}

/** Only an active account may change its tokens. */
function cannotRotate(userId: string, standing: string): Refusal {
  switch (standing) {
    case "none":
      return new Refusal("not_found", `Cannot find a subaccount of user "${userId}"`);
    case "pending":
      return new Refusal("subaccount_pending", `Cannot rotate the token of user "${userId}": it is not stored yet`);
    case "suspended":
      return new Refusal("subaccount_suspended", `Cannot rotate the token of user "${userId}": they are suspended`);
    case "closed":
      return new Refusal("subaccount_closed", `Cannot rotate the token of user "${userId}": their account is closed`);
    default:
      throw new Error(`"${standing}" is no standing that anybody here knows`);
  }
}
