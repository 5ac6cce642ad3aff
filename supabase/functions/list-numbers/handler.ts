import { listNumbers } from "../_shared/numbers/list.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { expectNoQuery } from "../_shared/platform/request.ts";

/** The caller's numbers, or the shared ones with a notice. */
export async function handle(request: Request, { db, userDb, user, env }: Context): Promise<Response> {
  expectNoQuery(request);
  return Response.json(await listNumbers(db, userDb, user.id, env.MASTER_FALLBACK === "on"));
}
