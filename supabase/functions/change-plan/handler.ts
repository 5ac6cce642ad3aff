import { changePlan } from "../_shared/billing/change-plan.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { enforceRateLimit } from "../_shared/platform/rate-limit.ts";
import { readJson } from "../_shared/platform/request.ts";
import { connectStripe } from "../_shared/stripe/connect.ts";
import { planChangeRequest } from "./contract.ts";

const LIMIT = { action: "change-plan", perUser: 10, perAddress: 60, windowSeconds: 60 };

/** Moves the caller's own subscription to another plan. */
export async function handle(request: Request, context: Context): Promise<Response> {
  const { db, env, user } = context;
  const { plan } = await readJson(request, planChangeRequest);
  await enforceRateLimit(LIMIT, request, context);
  return Response.json(await changePlan({ userId: user.id, plan }, { db, stripe: await connectStripe(env) }));
}
