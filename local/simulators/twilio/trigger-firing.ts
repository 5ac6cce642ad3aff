import { shortAmount, usageNow } from "./charges.ts";
import { DAY_MS, isoDay, rfc2822, startOfDay } from "./dates.ts";
import type { UsageTrigger } from "./records.ts";
import type { Simulation } from "./simulation.ts";
import { familyOf, NOTHING_USED, type Period, usageByCategory, visibleCharges } from "./usage.ts";

/** Returns the current value of a trigger in millionths: the count, usage or price in its period. */
export function currentValue(simulation: Simulation, trigger: UsageTrigger): number {
  const charges = visibleCharges(simulation, familyOf(simulation.store, trigger.accountSid, true));
  const sums = usageByCategory(charges, watchedPeriod(simulation, trigger));
  const { count, usage, micros } = sums.get(trigger.usageCategory) ?? NOTHING_USED;
  return trigger.triggerBy === "price" ? micros : (trigger.triggerBy === "count" ? count : usage) * 1_000_000;
}

/** Evaluates all triggers regularly, by the interval of the settings. A later call replaces an earlier one. */
export function evaluateRegularly(simulation: Simulation): void {
  const turn = ++simulation.triggerTurn;
  simulation.timers.after(simulation.settings.triggerIntervalMs, () => {
    if (turn !== simulation.triggerTurn) return;
    void evaluateTriggers(simulation);
    evaluateRegularly(simulation);
  });
}

/**
 * Fires each trigger whose value is reached and that has not yet fired in its interval. A trigger that was created after
 * its value was reached fires as well. Returns the SIDs of the fired ones after their webhooks are answered.
 */
export async function evaluateTriggers(simulation: Simulation): Promise<string[]> {
  const { store } = simulation;
  const fired = [...store.triggers.values()].filter((trigger) => {
    if (store.accounts.get(trigger.accountSid)?.status === "closed") return false;
    const interval = trigger.recurring === "" ? "once" : String(watchedPeriod(simulation, trigger).from);
    if (trigger.firedPeriod === interval) return false;
    if (currentValue(simulation, trigger) < Math.round(trigger.triggerValue * 1_000_000)) return false;
    trigger.firedPeriod = interval;
    trigger.firedAt = usageNow(simulation);
    return true;
  });
  if (fired.length > 0) store.changed();
  await Promise.all(fired.map((trigger) => callBack(simulation, trigger)));
  return fired.map(({ sid }) => sid);
}

/** Sends the webhook of a trigger. Callback faults match `FIRE /Usage/Triggers/<sid>`. */
async function callBack(simulation: Simulation, trigger: UsageTrigger): Promise<void> {
  const params = firingParams(trigger, currentValue(simulation, trigger), trigger.firedAt ?? usageNow(simulation));
  const path = `/2010-04-01/Accounts/${trigger.accountSid}/Usage/Triggers/${trigger.sid}`;
  const fault = simulation.faults.takeCallbackFault("FIRE", path);
  if (fault?.effect === "dropped") return;
  if (fault?.effect === "late" && !(await simulation.timers.sleep(fault.ms))) return;
  const { accountSid, callbackUrl: url, callbackMethod: method } = trigger;
  for (let copies = fault?.effect === "doubled" ? 2 : 1; copies > 0; copies--) {
    await simulation.sendWebhook({ purpose: "usage", accountSid, url, method, params });
  }
}

function firingParams(trigger: UsageTrigger, value: number, firedAt: number): Record<string, string> {
  return {
    AccountSid: trigger.accountSid,
    UsageTriggerSid: trigger.sid,
    UsageCategory: trigger.usageCategory,
    UsageRecordUri: usageRecordUri(trigger),
    TriggerBy: trigger.triggerBy,
    TriggerValue: trigger.triggerValue.toFixed(6),
    CurrentValue: shortAmount(value),
    DateFired: rfc2822(firedAt),
    Recurring: trigger.recurring,
    IdempotencyToken: `${trigger.accountSid}-FIRES-${trigger.sid}-${isoDay(firedAt)}`,
  };
}

/** Returns the URI of the usage records that a trigger watches. */
export function usageRecordUri({ accountSid, usageCategory }: UsageTrigger): string {
  return `/2010-04-01/Accounts/${accountSid}/Usage/Records.json?Category=${usageCategory}`;
}

/** The interval of a trigger, in GMT. A trigger without recurrence watches everything since its account was created. */
function watchedPeriod(simulation: Simulation, { recurring }: UsageTrigger): Period {
  const today = startOfDay(usageNow(simulation));
  const now = new Date(today);
  const until = today + DAY_MS;
  if (recurring === "daily") return { from: today, until };
  if (recurring === "monthly") return { from: Date.UTC(now.getUTCFullYear(), now.getUTCMonth()), until };
  if (recurring === "yearly") return { from: Date.UTC(now.getUTCFullYear(), 0), until };
  return { from: 0, until };
}
