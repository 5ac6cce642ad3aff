import type { AlertsChange, ChangedAlerts } from "../../../../client/switchboard.ts";
import { numbered } from "../health/words.ts";

/** What became of several alerts, in words: some may have been settled, or deleted, since they were listed. */
export function changedInWords({ alerts }: ChangedAlerts, to: AlertsChange["to"]): string {
  const count = (state: string) => alerts.filter((alert) => alert.state === state).length;
  const done = count(to);
  const settledBefore = to === "acknowledged" ? count("settled") : 0;
  const gone = count("not_found");
  return [
    done > 0 || settledBefore + gone === 0 ? `${numbered(done, "alert is", "alerts are")} ${to}` : null,
    settledBefore > 0 ? `${numbered(settledBefore, "was", "were")} settled before` : null,
    gone > 0 ? `${numbered(gone, "no longer exists", "no longer exist")}` : null,
  ].filter((part) => part !== null).join(", ");
}
