import { completeRows, decide, rows } from "../platform/database.ts";
import { type MeterDependencies, meterUsage } from "./meter-usage.ts";

/** How long a flush goes on. It ends well before the job that runs it is visible again. */
const BUDGET_MS = 60_000;
const BUSY_MS = 1_000;

/** What of a kind Stripe has not accepted. `state`: `pending`, or `sending` when the outcome is unknown. */
export type UnsentUsage = Awaited<ReturnType<typeof listUnsent>>[number];

export interface Flushed {
  /** Whether everything that can be sent now was sent. What is left then waits for a period, for room, or for a retry. */
  isComplete: boolean;
  left: UnsentUsage[];
}

/**
 * Rates all usage of a customer's tenants finally, also messages that Twilio has not priced, and sends it to Stripe.
 * Safe to repeat.
 *
 * @throws the failure of the database
 */
export async function flushUsage(customerId: string, dependencies: MeterDependencies): Promise<Flushed> {
  const { sleep = (ms) => new Promise<void>((resolve) => setTimeout(resolve, ms)) } = dependencies;
  const until = performance.now() + BUDGET_MS;
  const isRated = await rateFinally(customerId, until, dependencies);
  while (true) {
    const result = await meterUsage(customerId, dependencies);
    const goesOn = result !== "idle" && result !== "stopped" && performance.now() < until;
    if (!goesOn) return { isComplete: isRated && result === "idle", left: await listUnsent(customerId, dependencies) };
    if (result !== "more") await sleep(BUSY_MS);
  }
}

/** Rates in steps of some seconds. Returns whether everything is rated. */
async function rateFinally(customerId: string, until: number, { db }: Pick<MeterDependencies, "db">): Promise<boolean> {
  for (const { user_id } of await rows(db, "billed_users", { p_customer_id: customerId })) {
    while (await decide(db, "rate_usage", { p_user_id: user_id, p_is_final: true }) > 0) {
      if (performance.now() >= until) return false;
    }
  }
  return true;
}

function listUnsent(customerId: string, { db }: Pick<MeterDependencies, "db">) {
  return completeRows(db, "list_unsent_usage", { p_customer_id: customerId });
}

/** A billing period, named as the job of its closing names it. */
export interface PeriodToClose {
  customerId: string;
  subscriptionId: string;
  startsAt: string;
}

/**
 * Rates and sends the usage of a billing period before its books close.
 *
 * @returns whether all of it that can be sent is sent. Otherwise the period is due again in some minutes.
 */
export async function flushPeriod(
  { customerId, subscriptionId, startsAt }: PeriodToClose,
  dependencies: MeterDependencies,
): Promise<boolean> {
  const { isComplete } = await flushUsage(customerId, dependencies);
  if (!isComplete) return false;
  return await decide(dependencies.db, "note_flush", { p_subscription_id: subscriptionId, p_starts_at: startsAt });
}
