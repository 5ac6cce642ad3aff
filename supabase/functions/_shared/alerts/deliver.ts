import { Webhook } from "standardwebhooks";
import { type Db, decide, decision, rowFrom } from "../platform/database.ts";
import { type Alert, alertOf } from "./shape.ts";

export interface AlertDependencies {
  db: Db;
  now: () => Date;
  /** Where alerts go, and the secret that signs them (whsec_…); null without a destination. */
  alertTarget: { url: string; secret: string } | null;
  fetch?: typeof fetch;
}

const TIMEOUT_MS = 10_000;

const alertToDeliver = decision("alert_to_deliver", { pending: ["alert"], settled: [], not_found: [] });

/**
 * Delivers one alert to OPERATOR_ALERT_URL, signed as Standard Webhooks defines. The id is the alert's, so the receiver can
 * recognise a repetition. Without a URL the alert is only in the list of `GET admin/alerts`.
 * @throws Error when the receiver did not accept it: the job is retried
 */
export async function deliverAlert(alertId: string, dependencies: AlertDependencies): Promise<void> {
  const { db, alertTarget } = dependencies;
  if (alertTarget === null) return;
  const stored = await alertToDeliver(db, { p_alert_id: alertId });
  if (stored.outcome !== "pending") return;
  await post(alertOf(rowFrom("operator_alerts", stored.alert)), alertTarget, dependencies);
  await decide(db, "record_alert_delivery", { p_alert_id: alertId });
}

/** @throws Error that does not quote the URL, because it may contain a secret */
async function post(
  alert: Alert,
  { url, secret }: { url: string; secret: string },
  { now, fetch: doFetch = fetch }: AlertDependencies,
): Promise<void> {
  const sentAt = now();
  const body = JSON.stringify({ type: "alert.raised", timestamp: alert.raisedAt, data: alert });
  const headers = {
    "content-type": "application/json",
    "user-agent": "Switchboard",
    "webhook-id": alert.id,
    "webhook-timestamp": String(Math.floor(sentAt.getTime() / 1000)),
    "webhook-signature": new Webhook(secret).sign(alert.id, sentAt, body),
  };
  let response: Response;
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    response = await doFetch(url, { method: "POST", headers, body, redirect: "manual", signal });
  } catch {
    throw new Error("OPERATOR_ALERT_URL cannot be reached, or did not answer in time");
  }
  await response.body?.cancel();
  if (!response.ok) throw new Error(`OPERATOR_ALERT_URL answered ${response.status}`);
}
