import { decide, decision } from "../_shared/platform/database.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { ApiError } from "../_shared/platform/errors.ts";
import { readJson } from "../_shared/platform/request.ts";
import { planLimitsSchema, tenantLimitsSchema } from "./limit-shapes.ts";

/** Sets a tenant's own limits, in place of all that were set before, or removes them. */
export async function setTenantLimits(request: Request, { db, user, requestId }: Context): Promise<Response> {
  const { userId, limits, validUntil, reason } = await readJson(request, tenantLimitsSchema);
  const outcome = await decide(db, "set_tenant_limits", {
    p_user_id: userId,
    p_limits: limits,
    p_valid_until: validUntil ?? null,
    p_operator_id: user.id,
    p_request_id: requestId,
    p_reason: reason,
  });
  if (outcome === "unknown_user") throw new ApiError("not_found", `Cannot find a user "${userId}"`);
  return Response.json({ userId, removed: outcome === "removed" });
}

const decidePlanLimits = decision("set_plan_limits", {
  changed: ["plan_key"],
  new_version: ["plan_key"],
  unknown_plan: [],
  superseded: [],
  price_taken: [],
});

/** Changes limits of a plan: of the plan itself, or of a new version that goes on sale in its place. */
export async function setPlanLimits(request: Request, { db, user, requestId }: Context): Promise<Response> {
  const { plan, limits, changesSold, stripePriceId, reason } = await readJson(request, planLimitsSchema);
  const set = await decidePlanLimits(db, {
    p_plan_key: plan,
    p_limits: limits,
    p_changes_sold: changesSold,
    p_stripe_price_id: stripePriceId ?? null,
    p_operator_id: user.id,
    p_request_id: requestId,
    p_reason: reason,
  });
  switch (set.outcome) {
    case "unknown_plan":
      throw new ApiError("not_found", `Cannot find a plan "${plan}"`);
    case "superseded":
      throw new ApiError(
        "plan_superseded",
        `Cannot make a new version of "${plan}": it is replaced. Change it for those who have it with "changesSold"`,
      );
    case "price_taken":
      throw new ApiError(
        "price_taken",
        `Cannot sell a new version of "${plan}" for "${stripePriceId}": it is another plan's price`,
      );
    case "changed":
    case "new_version":
      return Response.json({ plan: set.plan_key, isNewVersion: set.outcome === "new_version" });
  }
}
