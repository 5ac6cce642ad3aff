import { readSettings, saveSettings, settingsChangeSchema } from "../_shared/messages/settings.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { enforceRateLimit } from "../_shared/platform/rate-limit.ts";
import { readJson } from "../_shared/platform/request.ts";

const LIMIT = { action: "settings", perUser: 20, perAddress: 100, windowSeconds: 60 };

/** GET returns the caller's settings, POST replaces them. */
export async function handle(request: Request, context: Context): Promise<Response> {
  const { db, userDb, user } = context;
  if (request.method === "GET") return Response.json(await readSettings(userDb, user.id));
  const change = await readJson(request, settingsChangeSchema);
  await enforceRateLimit(LIMIT, request, context);
  return Response.json(await saveSettings(db, user.id, change));
}
