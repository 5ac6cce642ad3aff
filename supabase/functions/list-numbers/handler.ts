import { listNumbers } from "../_shared/numbers/list.ts";
import type { Context } from "../_shared/platform/endpoint.ts";

/** The caller's numbers, or the shared ones with a notice. */
export async function handle(_request: Request, { db, userDb, user, env }: Context): Promise<Response> {
  return Response.json(await listNumbers(db, userDb, user.id, env.MASTER_FALLBACK === "on"));
}
