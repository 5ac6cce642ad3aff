import { type Alert, alertOf, alertSchema } from "../_shared/alerts/shape.ts";
import { type Columns, csvResponse } from "../_shared/platform/csv.ts";
import { decide, rows } from "../_shared/platform/database.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { ApiError } from "../_shared/platform/errors.ts";
import { page } from "../_shared/platform/paging.ts";
import { readJson, readQuery } from "../_shared/platform/request.ts";
import { acknowledgeAlertSchema, alertsQuery, changeAlertsSchema, settleAlertSchema } from "./contract.ts";

/** Alerts, newest first; `next` is the cursor of the next page. */
export async function listAlerts(request: Request, { db }: Context): Promise<Response> {
  const { before, state, kind, limit, format } = readQuery(request, alertsQuery);
  const found = await rows(db, "list_alerts", {
    p_before: before ?? null,
    p_limit: limit,
    p_state: state,
    p_kind: kind ?? null,
  });
  const { items: alerts, next } = page(found, limit, alertOf, (last) => last.id);
  if (format === "csv") return csvResponse("alerts", CSV_COLUMNS, { items: alerts, next });
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

/** Takes note of an alert whose cause continues: it stays open, and is quiet. */
export async function acknowledgeAlert(request: Request, { db, user, requestId }: Context): Promise<Response> {
  const { alertId, reason } = await readJson(request, acknowledgeAlertSchema);
  const outcome = await decide(db, "acknowledge_alert", {
    p_alert_id: alertId,
    p_operator_id: user.id,
    p_request_id: requestId,
    p_reason: reason,
  });
  switch (outcome) {
    case "not_found":
      throw new ApiError("not_found", `Cannot find an alert "${alertId}"`);
    case "settled":
      throw new ApiError("alert_settled", `Cannot acknowledge alert "${alertId}": it is settled`);
    case "already":
    case "acknowledged":
      return Response.json({ alertId, acknowledged: true });
  }
}

/** Acknowledges or settles several alerts. Says of each what it is now: one may be gone or settled since it was listed. */
export async function changeAlerts(request: Request, { db, user, requestId }: Context): Promise<Response> {
  const { alertIds, to, reason } = await readJson(request, changeAlertsSchema);
  const changed = await rows(db, "change_alerts", {
    p_alert_ids: alertIds,
    p_to: to,
    p_operator_id: user.id,
    p_request_id: requestId,
    p_reason: reason,
  });
  return Response.json({ alerts: changed.map(({ alert_id, outcome }) => ({ alertId: alert_id, state: outcome })) });
}

const CSV_COLUMNS: Columns<Alert> = Object.fromEntries(
  (Object.keys(alertSchema.shape) as (keyof Alert)[]).map((name) => [name, (alert: Alert) => {
    const value = alert[name];
    return typeof value === "object" && value !== null ? JSON.stringify(value) : value;
  }]),
);
