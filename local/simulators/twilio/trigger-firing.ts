import { DAY_MS, rfc2822, startOfDay } from "./dates.ts";
import { newIdempotencyToken } from "./identifiers.ts";
import type { UsageTrigger } from "./records.ts";
import type { Simulation } from "./simulation.ts";
import { familyOf, type Period, usageOf } from "./usage.ts";
import type { Store } from "./store.ts";

/** Returns the current value of a trigger: the count, usage or price in its period. */
export function currentValue(store: Store, trigger: UsageTrigger): number {
  const accounts = familyOf(store, trigger.accountSid, true);
  return usageOf(store, trigger.usageCategory, accounts, watchedPeriod(trigger))[trigger.triggerBy];
}

/** Fires the reached triggers of an account and of its parent, each once or once per period. */
export function fireTriggers(simulation: Simulation, accountSid: string): void {
  const { store } = simulation;
  const parentSid = store.accounts.get(accountSid)?.ownerSid;
  for (const trigger of store.triggers.values()) {
    if (trigger.accountSid !== accountSid && trigger.accountSid !== parentSid) continue;
    const period = trigger.recurring === "" ? "once" : String(watchedPeriod(trigger).from);
    const value = currentValue(store, trigger);
    if (trigger.firedPeriod === period || value < trigger.triggerValue) continue;
    trigger.firedPeriod = period;
    trigger.firedAt = Date.now();
    store.changed();
    void simulation.sendWebhook({
      purpose: "usage",
      accountSid: trigger.accountSid,
      url: trigger.callbackUrl,
      method: trigger.callbackMethod,
      params: firingParams(trigger, value, trigger.firedAt),
    });
  }
}

/** Formats a number with at most five decimals, without floating-point noise. */
export function amount(value: number): string {
  return String(Number(value.toFixed(5)));
}

function firingParams(trigger: UsageTrigger, value: number, firedAt: number): Record<string, string> {
  return {
    AccountSid: trigger.accountSid,
    UsageTriggerSid: trigger.sid,
    UsageCategory: trigger.usageCategory,
    TriggerBy: trigger.triggerBy,
    TriggerValue: String(trigger.triggerValue),
    CurrentValue: amount(value),
    DateFired: rfc2822(firedAt),
    Recurring: trigger.recurring,
    IdempotencyToken: newIdempotencyToken(),
  };
}

function watchedPeriod({ recurring, createdAt }: UsageTrigger): Period {
  const today = startOfDay(Date.now());
  const now = new Date(today);
  const until = today + DAY_MS;
  if (recurring === "daily") return { from: today, until };
  if (recurring === "monthly") return { from: Date.UTC(now.getUTCFullYear(), now.getUTCMonth()), until };
  if (recurring === "yearly") return { from: Date.UTC(now.getUTCFullYear(), 0), until };
  return { from: recurring === "alltime" ? 0 : createdAt, until };
}
