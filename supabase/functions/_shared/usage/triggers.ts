import type { TriggerInstance, TriggerListInstance } from "twilio/lib/rest/api/v2010/account/usage/trigger.js";
import { type Db, decide, decision } from "../platform/database.ts";
import type { Log } from "../platform/log.ts";
import type { TwilioAccounts } from "../accounts/twilio-accounts.ts";
import { failureOf } from "../twilio/errors.ts";
import { usageCallbackUrl } from "../twilio/webhook-urls.ts";
import { firingToken } from "./firing-token.ts";
import {
  type FoundTrigger,
  isOurs,
  keptTrigger,
  planTriggers,
  TRIGGER,
  type TriggerStep,
  type WantedTrigger,
} from "./trigger-plan.ts";

const beginUsageTrigger = decision("begin_usage_trigger", {
  leased: ["fence", "account_sid", "trigger_value"],
  busy: [],
  no_account: [],
});

/** Longer than the slowest write to Twilio. */
const LEASE_SECONDS = 60;
/** One round creates, updates and deletes; the second finds nothing to do. More means concurrent changes at Twilio. */
const MAX_ROUNDS = 4;

export interface TriggerDependencies {
  db: Db;
  accounts: Pick<TwilioAccounts, "master">;
  publicBaseUrl: string;
  log: Log;
}

export type TriggerResult =
  /** The account has exactly the wanted trigger, and what fired is recorded. */
  | "kept"
  /** Another holder has the lease. */
  | "busy"
  /** The lease ran out, and another holder took it. */
  | "fenced"
  /** The tenant has no open account, here or at Twilio. */
  | "no_account";

/**
 * Makes the usage trigger of a tenant's account equal to their spend limit, and records what fired. Acts as the master
 * account, because a suspended account cannot change its triggers. Safe to run twice, late, or after a crash at any point: the
 * triggers are found again by their name.
 * @throws the failure of Twilio or the database
 */
export async function keepUsageTrigger(userId: string, dependencies: TriggerDependencies): Promise<TriggerResult> {
  const { db, accounts, publicBaseUrl } = dependencies;
  const lease = await beginUsageTrigger(db, { p_user_id: userId, p_lease_seconds: LEASE_SECONDS });
  if (lease.outcome !== "leased") return lease.outcome;
  const held = { userId, fence: lease.fence, accountSid: lease.account_sid };
  const wanted = {
    value: Number(lease.trigger_value).toFixed(2),
    callbackUrl: usageCallbackUrl(publicBaseUrl, userId),
  };
  try {
    const triggers = await (await accounts.master()).usageTriggersOf(held.accountSid);
    return await keepInRounds(held, wanted, triggers, dependencies);
  } catch (error) {
    // Closed at Twilio: convergence records it.
    if (failureOf(error)?.kind === "not_found") return "no_account";
    throw error;
  } finally {
    // If this fails, the lease runs out.
    await decide(db, "end_usage_trigger", { p_user_id: userId, p_fence: held.fence }).catch(() => undefined);
  }
}

interface Held {
  userId: string;
  fence: number;
  accountSid: string;
}

async function keepInRounds(
  held: Held,
  wanted: WantedTrigger,
  triggers: TriggerListInstance,
  { db, log }: TriggerDependencies,
): Promise<TriggerResult> {
  const { userId, fence, accountSid } = held;
  // Also those that are deleted below.
  const fired = new Map<string, Firing>();
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const listed = await triggers.list({ pageSize: 1000 });
    for (const firing of firingsOf(accountSid, listed)) fired.set(firing.token, firing);
    const found = listed.map(foundTrigger);
    const steps = planTriggers(wanted, found);
    if (steps.length === 0) {
      const recorded = await decide(db, "record_usage_trigger", {
        p_user_id: userId,
        p_fence: fence,
        p_account_sid: accountSid,
        p_trigger_sid: keptTrigger(wanted, found)?.sid ?? null,
        p_trigger_value: Number(wanted.value),
        p_fired: [...fired.values()] as never,
      });
      return recorded === "written" ? "kept" : "fenced";
    }
    for (const step of steps) {
      const lease = { p_user_id: userId, p_fence: fence, p_lease_seconds: LEASE_SECONDS };
      if (await decide(db, "renew_usage_trigger_lease", lease) === "fenced") return "fenced";
      await execute(step, triggers);
      log.info("usage_trigger.step", { userId, accountSid, ...step });
    }
  }
  throw new Error(`Cannot keep the usage trigger: the plan is not empty after ${MAX_ROUNDS} rounds`);
}

async function execute(step: TriggerStep, triggers: TriggerListInstance): Promise<void> {
  switch (step.do) {
    case "create": {
      const { friendlyName, value: triggerValue, callbackUrl } = step;
      await triggers.create({ ...TRIGGER, friendlyName, triggerValue, callbackUrl, callbackMethod: "POST" });
      return;
    }
    case "update":
      await triggers(step.sid).update({ callbackUrl: step.callbackUrl, callbackMethod: "POST" });
      return;
    case "delete":
      try {
        await triggers(step.sid).remove();
      } catch (error) {
        // Deleted since it was listed, or by an earlier attempt whose answer was lost.
        if (failureOf(error)?.kind !== "not_found") throw error;
      }
  }
}

/** A firing, in the shape that `record_usage_trigger` takes. */
interface Firing {
  sid: string;
  token: string;
  firedAt: string;
  currentValue: number;
}

function firingsOf(accountSid: string, listed: readonly TriggerInstance[]): Firing[] {
  return listed.filter(isOurs).flatMap(({ sid, dateFired, currentValue }): Firing[] =>
    dateFired === null || dateFired === undefined ? [] : [{
      sid,
      token: firingToken(accountSid, sid, dateFired),
      firedAt: dateFired.toISOString(),
      currentValue: Number(currentValue),
    }]
  );
}

function foundTrigger(trigger: TriggerInstance): FoundTrigger {
  const { sid, friendlyName, usageCategory, triggerBy, recurring, triggerValue, callbackUrl, callbackMethod } = trigger;
  return {
    ...{ sid, usageCategory, triggerBy, triggerValue, callbackUrl, callbackMethod },
    friendlyName: friendlyName ?? "",
    recurring: recurring ?? "",
    createdAt: trigger.dateCreated?.getTime() ?? 0,
  };
}
