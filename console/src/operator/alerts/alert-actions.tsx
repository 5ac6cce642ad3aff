import type { Alert, AlertsChange } from "../../../../client/switchboard.ts";
import { ActionForm, openAction } from "../actions/action-form.tsx";
import { HEALTH_KEY } from "../health/use-health.ts";
import { numbered } from "../health/words.ts";
import { ALERT_KINDS } from "./alert-kinds.ts";
import { changedInWords } from "./changed.ts";
import { ALERTS_KEY } from "./use-alerts.ts";

const CHANGES = [ALERTS_KEY, HEALTH_KEY];

const WORDS: Readonly<Record<AlertsChange["to"], { verb: string; consequence: string; one: string }>> = {
  acknowledged: {
    verb: "Acknowledge",
    consequence:
      "It stays open with your name and reason, and is not delivered any more. The end of its cause settles it.",
    one: "The alert is acknowledged: it stays open, and is quiet",
  },
  settled: {
    verb: "Settle",
    consequence: "It leaves the open alerts. The same cause raises a new one.",
    one: "The alert is settled",
  },
};

/** Asks for the reason, and acknowledges or settles alerts. */
export function openAlertChange(alerts: readonly Pick<Alert, "id" | "kind">[], to: AlertsChange["to"]): void {
  const { verb, consequence, one } = WORDS[to];
  const [first] = alerts;
  if (first === undefined) return;
  if (alerts.length === 1) {
    const change = { alertId: first.id };
    return openAction(`${verb} alert`, ({ onClose }) => (
      <ActionForm
        consequence={`“${ALERT_KINDS[first.kind].title}”. ${consequence}`}
        submit={`${verb} alert`}
        act={async (admin, reason, options) => {
          if (to === "settled") await admin.settleAlert({ ...change, reason }, options);
          else await admin.acknowledgeAlert({ ...change, reason }, options);
        }}
        said={() => one}
        changes={CHANGES}
        onClose={onClose}
      />
    ));
  }
  const alertIds = alerts.map(({ id }) => id);
  openAction(`${verb} ${numbered(alerts.length, "alert")}`, ({ onClose }) => (
    <ActionForm
      consequence={`For each of the ${alerts.length}: ${consequence} Each has an audit line of its own.`}
      submit={`${verb} ${alerts.length} alerts`}
      act={(admin, reason, options) => admin.changeAlerts({ alertIds, to, reason }, options)}
      said={(answer) => changedInWords(answer, to)}
      changes={CHANGES}
      onClose={onClose}
    />
  ));
}
