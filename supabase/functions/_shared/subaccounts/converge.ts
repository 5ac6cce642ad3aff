import { decide, decision } from "../platform/database.ts";
import type { ConvergedAccount, ConvergeDependencies, Convergence, Execution } from "./convergence.ts";
import { decideLeaving, tendParkedNumbers } from "./leave.ts";
import { type FoundAccount, lookUpAccounts, requireActiveMaster } from "./look-up.ts";
import { plan, type Step, type Stored, type Wanted } from "./plan.ts";
import { executeStep } from "./steps.ts";

const beginConvergence = decision("begin_convergence", {
  leased: [
    "fence",
    "version",
    "wanted",
    "subaccount_sid?",
    "stored_status",
    "has_token",
    "applied_status?",
    "intended_status?",
    "create_attempted_at?",
  ],
  busy: [],
});

type ConvergenceLease = Extract<Awaited<ReturnType<typeof beginConvergence>>, { outcome: "leased" }>;

/** Each round looks at Twilio anew. Three rounds complete every case of the plan; more means concurrent changes at Twilio. */
const MAX_ROUNDS = 6;

/**
 * Makes Twilio match the database for one tenant, under a lease: looks at both, plans, acts, and looks again until the plan
 * is empty. Safe to run twice, late, out of order, or after a crash at any point.
 * @param thorough look at Twilio for duplicates although an account is stored
 * @throws the failure of Twilio or the database; the lease is given back and the error noted for the operator
 */
export async function converge(
  userId: string,
  dependencies: ConvergeDependencies,
  thorough = false,
): Promise<Convergence> {
  const { db, leaseSeconds } = dependencies;
  let created = false;
  for (;;) {
    const lease = await beginConvergence(db, { p_user_id: userId, p_lease_seconds: leaseSeconds });
    if (lease.outcome === "busy") return { outcome: "busy" };
    const result = await underLease(userId, lease, dependencies, thorough);
    const end = await decide(db, "end_convergence", {
      p_user_id: userId,
      p_fence: lease.fence,
      p_version: lease.version,
    });
    if (result.outcome !== "converged") return result;
    created ||= result.created;
    // A fact that arrived in the meantime found this lease busy, so this convergence handles it.
    if (end !== "again") return { ...result, created };
  }
}

async function underLease(
  userId: string,
  lease: ConvergenceLease,
  dependencies: ConvergeDependencies,
  thorough: boolean,
): Promise<Convergence> {
  const execution: Execution = {
    ...dependencies,
    userId,
    fence: lease.fence,
    stored: storedOf(lease),
    inDoubt: false,
    leaving: [],
    listedDuplicates: new Set(),
  };
  try {
    return await convergeInRounds(lease.wanted, execution, thorough);
  } catch (error) {
    const reason = error instanceof Error ? error.message : "unknown";
    await decide(dependencies.db, "end_convergence", {
      p_user_id: userId,
      p_fence: lease.fence,
      p_version: lease.version,
      p_error: reason,
      p_in_doubt: execution.inDoubt,
    }).catch(() => undefined); // the lease then runs out
    throw error;
  }
}

async function convergeInRounds(wanted: Wanted, execution: Execution, thorough: boolean): Promise<Convergence> {
  const { userId, now, createSettleSeconds } = execution;
  const master = await execution.accounts.master();
  let created = false;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const { stored } = execution;
    const lookUp = async () => {
      const found = await lookUpAccounts(master, userId, stored.subaccountSid, thorough || created);
      return found.filter(({ sid }) => !execution.listedDuplicates.has(sid));
    };
    let accounts = await lookUp();
    const suspended = accounts.find(({ status }) => status === "suspended");
    if (suspended !== undefined && stored.appliedStatus !== "suspended") {
      await requireActiveMaster(master, suspended.ownerSid);
      // The master account may have been reactivated since the first look.
      accounts = await lookUp();
    }
    const leaving = await decideLeaving(wanted, accounts, execution);
    if (leaving === "fenced") return { outcome: "fenced" };
    const account = keptAccount(stored, accounts);
    if (leaving === "stopped") return { outcome: "converged", account, created };
    const steps = plan({ wanted, leaving, stored, accounts, now: now(), settleMs: createSettleSeconds * 1000 });
    if (steps.length === 0) {
      const stop = await tendParkedNumbers(account, execution);
      return stop ?? { outcome: "converged", account, created };
    }
    const stop = await executeAll(steps, accounts, execution);
    if (stop !== null) return stop;
    created ||= steps.some((step) => step.do === "create");
  }
  throw new Error(`Cannot converge: the plan is not empty after ${MAX_ROUNDS} rounds`);
}

async function executeAll(steps: Step[], accounts: FoundAccount[], execution: Execution): Promise<Convergence | null> {
  for (const step of steps) {
    const result = await executeStep(step, accounts, execution);
    if (result.outcome !== "done") return result;
  }
  return null;
}

function keptAccount(stored: Stored, accounts: FoundAccount[]): ConvergedAccount | null {
  const account = accounts.find(({ sid }) => sid === stored.subaccountSid);
  return account === undefined
    ? null
    : { sid: account.sid, friendlyName: account.friendlyName, status: account.status };
}

function storedOf(lease: ConvergenceLease): Stored {
  return {
    subaccountSid: lease.subaccount_sid,
    status: lease.stored_status,
    hasToken: lease.has_token,
    appliedStatus: lease.applied_status,
    intendedStatus: lease.intended_status,
    createAttemptedAt: lease.create_attempted_at === null ? null : new Date(lease.create_attempted_at),
  };
}
