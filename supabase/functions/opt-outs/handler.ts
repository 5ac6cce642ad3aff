import {
  addOptOuts,
  exportOptOuts,
  listOptOuts,
  newOptOutsSchema,
  optOutsQuery,
} from "../_shared/messages/opt-outs.ts";
import { csvHeaders } from "../_shared/platform/csv.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { enforceRateLimit } from "../_shared/platform/rate-limit.ts";
import { readJson, readQuery } from "../_shared/platform/request.ts";

/** A list with filters may read more than its page. */
const LIST_LIMIT = { action: "opt-outs-list", perUser: 120, perAddress: 600, windowSeconds: 60 };
const ADD_LIMIT = { action: "opt-outs-add", perUser: 60, perAddress: 120, windowSeconds: 60 };
const EXPORT_LIMIT = { action: "opt-outs-export", perUser: 5, perAddress: 20, windowSeconds: 60 };
/** Enough for 1,000 rows. */
const MAX_BYTES = 512 * 1024;

/** GET lists, GET `/export` returns CSV, and POST adds. */
export async function handle(request: Request, context: Context): Promise<Response> {
  const { db, user, path } = context;
  if (path === "/export") {
    await enforceRateLimit(EXPORT_LIMIT, request, context);
    return new Response(await exportOptOuts(db, user.id), { headers: csvHeaders("opt-outs") });
  }
  if (request.method === "GET") {
    const query = readQuery(request, optOutsQuery);
    await enforceRateLimit(LIST_LIMIT, request, context);
    return Response.json(await listOptOuts(db, user.id, query));
  }
  const wish = await readJson(request, newOptOutsSchema, MAX_BYTES, "optOuts");
  await enforceRateLimit(ADD_LIMIT, request, context);
  return Response.json(await addOptOuts(db, user.id, wish));
}
