import { listNumbers } from "../_shared/numbers/list.ts";
import { numbersOverview } from "../_shared/numbers/overview.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { enforceRateLimit } from "../_shared/platform/rate-limit.ts";

/** The overview adds up what was spent. */
const OVERVIEW_LIMIT = { action: "numbers-overview", perUser: 60, perAddress: 300, windowSeconds: 60 };

/** The caller's numbers, or the shared ones with a notice; GET `/overview` returns their limits and what is scheduled. */
export async function handle(request: Request, context: Context): Promise<Response> {
  const { db, userDb, user, env, path } = context;
  if (path === "/overview") {
    await enforceRateLimit(OVERVIEW_LIMIT, request, context);
    return Response.json(await numbersOverview(db, user.id));
  }
  return Response.json(await listNumbers(db, userDb, user.id, env.MASTER_FALLBACK === "on"));
}
