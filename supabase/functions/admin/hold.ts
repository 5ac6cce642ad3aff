import { wakeJobs } from "../_shared/jobs/wake.ts";
import { decision, type Enum } from "../_shared/platform/database.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { ApiError } from "../_shared/platform/errors.ts";
import { readJson } from "../_shared/platform/request.ts";
import { subaccountOf } from "../_shared/accounts/status.ts";
import { holdSchema, provisionSchema } from "./contract.ts";

const decideHold = decision("hold_tenant", { accepted: ["subaccount_sid?", "status?"], unknown_user: [] });

/** Sets an operator's hold on a tenant, or lifts it (null). Convergence applies it; the response is 202. */
export function holdTenant(hold: Enum<"operator_hold"> | null) {
  return async (request: Request, context: Context): Promise<Response> => {
    const { userId, reason, confirmSubaccountSid } = await readJson(request, holdSchema);
    if (hold === "closed") await expectConfirmation(userId, confirmSubaccountSid, context);
    const { db, user, requestId, env } = context;
    const held = await decideHold(db, {
      p_user_id: userId,
      p_hold: hold,
      p_operator_id: user.id,
      p_request_id: requestId,
      p_reason: reason,
    });
    if (held.outcome === "unknown_user") throw unknownUser(userId);
    wakeJobs(env, "control");
    return Response.json({ accepted: true, userId, subaccountSid: held.subaccount_sid, status: held.status }, {
      status: 202,
    });
  };
}

const decideProvision = decision("provision_tenant", {
  accepted: ["user_id"],
  unknown_user: [],
  ambiguous_email: [],
});

/** Gives a user a subaccount without a subscription. */
export async function provisionTenant(request: Request, { db, env, user, requestId }: Context): Promise<Response> {
  const { reason, ...wanted } = await readJson(request, provisionSchema);
  const named = "userId" in wanted ? wanted.userId : wanted.email;
  const provisioned = await decideProvision(db, {
    p_user_id: "userId" in wanted ? wanted.userId : null,
    p_email: "email" in wanted ? wanted.email : null,
    p_operator_id: user.id,
    p_request_id: requestId,
    p_reason: reason,
  });
  switch (provisioned.outcome) {
    case "unknown_user":
      throw unknownUser(named);
    case "ambiguous_email":
      throw new ApiError(
        "ambiguous_email",
        `Cannot provision "${named}": several users have this address. Give the id`,
      );
    case "accepted":
      wakeJobs(env, "control");
      return Response.json({ accepted: true, userId: provisioned.user_id }, { status: 202 });
  }
}

async function expectConfirmation(userId: string, typed: string | undefined, { db }: Context): Promise<void> {
  const account = await subaccountOf(db, { p_user_id: userId });
  if (account.outcome === "none" || account.subaccount_sid === null) return;
  if (typed !== account.subaccount_sid) {
    throw new ApiError(
      "invalid_input",
      `Cannot close: "confirmSubaccountSid" must be the tenant's subaccount SID, because closing is final`,
      {
        details: [{
          field: "confirmSubaccountSid",
          code: "confirmation_required",
          message: "must be the tenant's subaccount SID",
        }],
      },
    );
  }
}

function unknownUser(userId: string): ApiError {
  return new ApiError("not_found", `Cannot find a user "${userId}"`);
}
