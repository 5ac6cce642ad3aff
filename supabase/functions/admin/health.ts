import { healthOf } from "../_shared/health/health.ts";
import type { Context } from "../_shared/platform/endpoint.ts";

/** The state of this installation. */
export async function showHealth(_request: Request, { db, env }: Context): Promise<Response> {
  return Response.json(await healthOf(db, env));
}
