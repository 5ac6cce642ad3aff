import { alertOf } from "../_shared/alerts/shape.ts";
import { decide, rows } from "../_shared/platform/database.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { ApiError } from "../_shared/platform/errors.ts";
import { page } from "../_shared/platform/paging.ts";
import { readJson, readQuery } from "../_shared/platform/request.ts";
import { alertsQuery, settleAlertSchema } from "./contract.ts";

/** Alerts, newest first; `next` is the cursor of the next page. */
export async function listAlerts(request: Request, { db }: Context): Promise<Response> {
  const { before, state, limit } = readQuery(request, alertsQuery);
  const found = await rows(db, "list_alerts", {
    p_before: before ?? null,
    p_limit: limit,
    p_is_open: state === "open",
  });
  const { items: alerts, next } = page(found, limit, alertOf, (last) => last.id);
  return Response.json({ alerts, next });
}

/** Settles an alert. The same cause raises a new one when it occurs again. */
export async function settleAlert(request: Request, { db, user, requestId }: Context): Promise<Response> {
  const { alertId, reason } = await readJson(request, settleAlertSchema);
  const outcome = await decide(db, "close_alert", {
    p_alert_id: alertId,
    p_operator_id: user.id,
    p_request_id: requestId,
    p_reason: reason,
  });
  if (outcome === "not_found") throw new ApiError("not_found", `Cannot find an alert "${alertId}"`);
  return Response.json({ alertId, settled: true });
}
