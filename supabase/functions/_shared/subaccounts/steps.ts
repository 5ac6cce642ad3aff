import { decide } from "../platform/database.ts";
import { sealToken } from "../sealing/seal.ts";
import type { Accounts } from "../twilio/client.ts";
import { failureOf, requireTwilioFailure } from "../twilio/errors.ts";
import { DONE, type Execution, type Result } from "./convergence.ts";
import { leaveNumbers, moveNumbers } from "./leave.ts";
import { accountOf, type FoundAccount, requireActiveMaster } from "./look-up.ts";
import { subaccountName } from "./name.ts";
import { type AccountStatus, keeperOf, type Step, type Stored } from "./plan.ts";

/** Executes one step of the plan. Each write to Twilio is noted before and recorded after, so that a crash in between leaves a trace. */
export function executeStep(step: Step, accounts: FoundAccount[], execution: Execution): Promise<Result> {
  switch (step.do) {
    case "wait":
      return Promise.resolve({ outcome: "waiting", until: step.until });
    case "create":
      return create(execution);
    case "forget-attempt":
      return forgetAttempt(execution);
    case "adopt":
      return adopt(pick(accounts, step.sid), execution);
    case "close-duplicate":
      return closeDuplicate(pick(accounts, step.sid), keeperOf(accounts)!, execution);
    case "set-status":
      return setStatus(pick(accounts, step.sid), step.status, execution);
    case "open-to-leave":
      return openToLeave(pick(accounts, step.sid), execution);
    case "leave-numbers":
      return leaveNumbers(pick(accounts, step.sid), execution);
    case "record-status":
      return recordStatus(step, accounts, execution);
  }
}

async function accountsAtTwilio({ accounts }: Execution): Promise<Accounts> {
  const master = await accounts.master();
  return await master.accounts();
}

async function create(execution: Execution): Promise<Result> {
  const { db, userId, fence, maxSubaccounts, maxSubaccountsPerDay } = execution;
  const accounts = await accountsAtTwilio(execution);
  const noted = await decide(db, "note_create_attempt", {
    p_user_id: userId,
    p_fence: fence,
    p_max_subaccounts: maxSubaccounts,
    p_max_per_day: maxSubaccountsPerDay ?? null,
  });
  if (noted !== "noted") return { outcome: noted };
  try {
    const account = accountOf(await accounts.create({ friendlyName: subaccountName(userId) }), 0);
    return await record(account, "subaccount.created", "active", execution);
  } catch (error) {
    return await afterFailedCreate(error, execution);
  }
}

/** Twilio's own limit, which may be lower than ours. The request waits in the same way. */
const TOO_MANY_SUBACCOUNTS = 21480;

/** Only a definite rejection withdraws the attempt. Without a response the note stays: the next look finds the account or waits. */
async function afterFailedCreate(error: unknown, { db, userId, fence, stored, now }: Execution): Promise<Result> {
  const failure = requireTwilioFailure(error);
  if (failure.kind === "unknown") {
    stored.createAttemptedAt = now();
    return DONE;
  }
  await decide(db, "withdraw_create_attempt", { p_user_id: userId, p_fence: fence });
  if (failure.kind === "refused" && failure.code === TOO_MANY_SUBACCOUNTS) return { outcome: "limit_reached" };
  throw error;
}

async function forgetAttempt({ db, userId, fence, stored }: Execution): Promise<Result> {
  const withdrawn = await decide(db, "withdraw_create_attempt", { p_user_id: userId, p_fence: fence });
  if (withdrawn === "fenced") return { outcome: "fenced" };
  stored.createAttemptedAt = null;
  return DONE;
}

function adopt(account: FoundAccount, execution: Execution): Promise<Result> {
  const { stored } = execution;
  // It is unknown where an adopted account was suspended. For a stored account the applied status is known.
  const fresh = account.status === "active" ? "active" : null;
  return record(
    account,
    "subaccount.adopted",
    stored.subaccountSid === account.sid ? stored.appliedStatus : fresh,
    execution,
  );
}

async function closeDuplicate(duplicate: FoundAccount, keeper: FoundAccount, execution: Execution): Promise<Result> {
  const { db, userId, fence, requestId } = execution;
  const { sid } = duplicate;
  const rescued = await moveNumbers(duplicate, keeper, execution);
  if (rescued === null) return { outcome: "fenced" };
  // Closing is final: it releases the numbers that are left, and the lease is checked once more before it.
  const decided = await decide(db, "decide_duplicate", {
    p_user_id: userId,
    p_fence: fence,
    p_account_sid: sid,
    p_refused: rescued.refused.map((number) => ({ ...number })),
  });
  if (decided === "fenced") return { outcome: "fenced" };
  if (decided === "listed") {
    execution.listedDuplicates.add(sid);
    return DONE;
  }
  await updateStatus(sid, "closed", execution);
  const recorded = await decide(db, "record_convergence_action", {
    p_user_id: userId,
    p_fence: fence,
    p_action: "subaccount.duplicate_closed",
    p_subaccount_sid: sid,
    p_request_id: requestId,
    p_details: { moved: rescued.moved, released: rescued.refused.map(({ phoneNumber }) => phoneNumber) },
  });
  return recorded === "fenced" ? { outcome: "fenced" } : DONE;
}

async function setStatus(account: FoundAccount, status: AccountStatus, execution: Execution): Promise<Result> {
  const { db, userId, fence } = execution;
  const noted = await decide(db, "note_status_intent", { p_user_id: userId, p_fence: fence, p_status: status });
  if (noted === "fenced") return { outcome: "fenced" };
  const updated = await updateStatus(account.sid, status, execution);
  return await record(updated, `subaccount.${ACTION[status]}`, status, execution);
}

/** Sets a suspended account active so that its numbers can leave it. Our rows go on to say suspended. */
async function openToLeave(account: FoundAccount, execution: Execution): Promise<Result> {
  const { db, userId, fence } = execution;
  // While the master account is suspended, all accounts are, and none can be opened.
  await requireActiveMaster(await execution.accounts.master(), account.ownerSid);
  if (await decide(db, "note_leaving_begun", { p_user_id: userId, p_fence: fence }) === "fenced") {
    return { outcome: "fenced" };
  }
  const updated = await updateStatus(account.sid, "active", execution);
  return await record(updated, "subaccount.opened_to_leave", "active", execution);
}

async function updateStatus(sid: string, status: AccountStatus, execution: Execution): Promise<FoundAccount> {
  const accounts = await accountsAtTwilio(execution);
  try {
    return accountOf(await accounts(sid).update({ status }), 0);
  } catch (error) {
    execution.inDoubt = failureOf(error)?.kind === "unknown";
    throw error;
  }
}

const ACTION = { active: "resumed", suspended: "suspended", closed: "closed" } as const satisfies Record<
  AccountStatus,
  string
>;

function recordStatus(
  step: Step & { do: "record-status" },
  accounts: FoundAccount[],
  execution: Execution,
): Promise<Result> {
  const known = accounts.find(({ sid }) => sid === step.sid);
  const account = known ?? gone(step.sid, execution.userId);
  const action = step.byHand ? `subaccount.${ACTION[step.status]}_at_twilio` : "subaccount.status_recorded";
  return record(
    { ...account, status: step.status },
    action,
    step.byHand ? execution.stored.appliedStatus : step.status,
    execution,
  );
}

/** An account that Twilio no longer lists: closed accounts disappear after thirty days. */
function gone(sid: string, userId: string): RecordedAccount {
  return {
    sid,
    status: "closed",
    createdAt: null,
    friendlyName: subaccountName(userId),
    authToken: "",
  };
}

type RecordedAccount = Omit<FoundAccount, "createdAt" | "numbers" | "ownerSid"> & { createdAt: Date | null };

async function record(
  account: RecordedAccount,
  action: string,
  appliedStatus: AccountStatus | null,
  execution: Execution,
): Promise<Result> {
  const { db, userId, fence, sealing, stored, requestId } = execution;
  const sealed = account.authToken === "" ? null : await sealToken(sealing, userId, account.sid, account.authToken);
  const recorded = await decide(db, "record_subaccount", {
    p_user_id: userId,
    p_fence: fence,
    p_subaccount_sid: account.sid,
    p_sealed_token: sealed,
    p_status: account.status,
    p_friendly_name: account.friendlyName,
    p_created_at: account.createdAt?.toISOString() ?? null,
    p_applied_status: appliedStatus,
    p_action: action,
    p_request_id: requestId,
  });
  if (recorded === "fenced") return { outcome: "fenced" };
  Object.assign(
    stored,
    {
      subaccountSid: account.sid,
      status: account.status,
      hasToken: sealed !== null || (stored.hasToken && stored.subaccountSid === account.sid),
      appliedStatus,
      intendedStatus: null,
      createAttemptedAt: null,
    } satisfies Stored,
  );
  return DONE;
}

function pick(accounts: FoundAccount[], sid: string): FoundAccount {
  const account = accounts.find((candidate) => candidate.sid === sid);
  if (account === undefined) throw new Error(`Cannot act on account "${sid}": it was not looked up`);
  return account;
}
