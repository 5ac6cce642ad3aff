import { markRead, markReadSchema } from "../_shared/messages/mark-read.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { enforceRateLimit } from "../_shared/platform/rate-limit.ts";
import { readJson } from "../_shared/platform/request.ts";

/** An open conversation is marked with each message that arrives. */
const LIMIT = { action: "mark-read", perUser: 240, perAddress: 1200, windowSeconds: 60 };

export async function handle(request: Request, context: Context): Promise<Response> {
  const wish = await readJson(request, markReadSchema);
  await enforceRateLimit(LIMIT, request, context);
  return Response.json(await markRead(context.db, context.user.id, wish));
}
