import { csvResponse } from "../_shared/platform/csv.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { enforceRateLimit } from "../_shared/platform/rate-limit.ts";
import { readQuery } from "../_shared/platform/request.ts";
import { reportUsage, USAGE_COLUMNS, usageQuery } from "../_shared/usage/report.ts";

/** A report reads a few rows for each day of its range. */
const LIMIT = { action: "get-usage", perUser: 60, perAddress: 300, windowSeconds: 60 };

/** The caller's usage, as JSON or as a file for spreadsheets. */
export async function handle(request: Request, context: Context): Promise<Response> {
  const query = readQuery(request, usageQuery);
  await enforceRateLimit(LIMIT, request, context);
  const report = await reportUsage(context.db, context.user.id, query, new Date());
  return query.format === "csv"
    ? csvResponse("usage", USAGE_COLUMNS, { items: report.usage, next: null })
    : Response.json(report);
}
