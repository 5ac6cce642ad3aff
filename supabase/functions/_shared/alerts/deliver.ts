import { type Db, decide, decision, rowFrom } from "../platform/database.ts";
import { postSigned, type SignedPostDependencies } from "../platform/signed-post.ts";
import { alertOf } from "./shape.ts";

export interface AlertDependencies extends SignedPostDependencies {
  db: Db;
  /** Where alerts go, and the secret that signs them (whsec_…); null without a destination. */
  alertTarget: { url: string; secret: string } | null;
}

const TIMEOUT_MS = 10_000;
const RECEIVER = "OPERATOR_ALERT_URL";

const alertToDeliver = decision("alert_to_deliver", {
  pending: ["alert"],
  acknowledged: [],
  settled: [],
  not_found: [],
});

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
  const alert = alertOf(rowFrom("operator_alerts", stored.alert));
  const event = { type: "alert.raised", timestamp: alert.raisedAt, data: alert };
  const post = { ...alertTarget, id: alert.id, event, receiver: RECEIVER, timeoutMs: TIMEOUT_MS };
  const status = await postSigned(post, dependencies);
  if (status < 200 || status > 299) throw new Error(`${RECEIVER} answered ${status}`);
  await decide(db, "record_alert_delivery", { p_alert_id: alertId });
}
