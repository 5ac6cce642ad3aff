import { decide, decision } from "../platform/database.ts";
import type { KeyRing } from "../sealing/key-ring.ts";
import { openToken } from "../sealing/seal.ts";
import type { Twilio } from "../twilio/client.ts";
import { failureOf } from "../twilio/errors.ts";
import { planToken, type TokenSituation } from "./plan.ts";
import { executeTokenStep, type OpenTokens, type RotateDependencies } from "./steps.ts";

const beginTokenRotation = decision("begin_token_rotation", {
  leased: [
    "fence",
    "subaccount_sid",
    "requested",
    "sealed_token",
    "sealed_next?",
    "sealed_previous?",
    "previous_until?",
  ],
  busy: [],
  no_token: [],
});

type RotationLease = Extract<Awaited<ReturnType<typeof beginTokenRotation>>, { outcome: "leased" }>;

export type Rotation =
  /** One valid token is stored. `changed`: it is another one than before. */
  | { outcome: "done"; changed: boolean }
  /** Another holder has the tenant's lease. */
  | { outcome: "busy" }
  | { outcome: "waiting"; until: Date }
  /** There is no account, or it is no longer the tenant's. */
  | { outcome: "gone" }
  /** The lease ran out and another holder took it; nothing was written after that. */
  | { outcome: "fenced" };

/** A rotation takes three steps and a last look. Each step whose response is lost may take one more. */
const MAX_ROUNDS = 6;

/**
 * Rotates a subaccount's token if that was requested, and in any case makes the stored token the one that Twilio accepts.
 * Safe to run twice, late, or after a crash at any point: the secondary token is stored before it is promoted, so each signature of
 * either token can be verified.
 * @throws the failure of Twilio or the database, or an Error that names a missing sealing key
 */
export async function rotateToken(userId: string, dependencies: RotateDependencies): Promise<Rotation> {
  const { db, leaseSeconds } = dependencies;
  const lease = await beginTokenRotation(db, { p_user_id: userId, p_lease_seconds: leaseSeconds });
  if (lease.outcome === "busy") return { outcome: "busy" };
  if (lease.outcome === "no_token") return { outcome: "gone" };
  try {
    return await rotateInRounds(await openTokens(userId, lease, dependencies.sealing), dependencies);
  } finally {
    // If this fails, the lease runs out.
    await decide(db, "end_token_rotation", { p_user_id: userId, p_fence: lease.fence }).catch(() => undefined);
  }
}

async function openTokens(userId: string, lease: RotationLease, sealing: KeyRing): Promise<OpenTokens> {
  const { subaccount_sid: accountSid, sealed_next: next, sealed_previous: previous, previous_until: until } = lease;
  return {
    userId,
    fence: lease.fence,
    accountSid,
    requested: lease.requested,
    inUse: await openToken(sealing, userId, accountSid, lease.sealed_token),
    next: next === null ? null : await openToken(sealing, userId, accountSid, next),
    previousUntil: previous === null || until === null ? null : new Date(until),
  };
}

async function rotateInRounds(tokens: OpenTokens, dependencies: RotateDependencies): Promise<Rotation> {
  const master = await dependencies.accounts.master();
  let changed = false;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const account = await accountAtTwilio(master, tokens.accountSid);
    if (account === null) return { outcome: "gone" };
    const step = planToken(await situationOf(tokens, account, dependencies));
    if (step === null) return { outcome: "done", changed };
    if (step.do === "wait") return { outcome: "waiting", until: step.until };
    const result = await executeTokenStep(step, tokens, account.authToken, dependencies);
    dependencies.log.info("token.step", {
      userId: tokens.userId,
      accountSid: tokens.accountSid,
      step: step.do,
      result,
    });
    if (result === "fenced" || result === "gone") return { outcome: result };
    changed ||= step.do === "record-promotion" || step.do === "record-primary";
  }
  throw new Error(`Cannot rotate the token: the plan is not empty after ${MAX_ROUNDS} rounds`);
}

interface AccountAtTwilio {
  authToken: string;
  status: string;
}

async function accountAtTwilio(master: Twilio, accountSid: string): Promise<AccountAtTwilio | null> {
  try {
    const accounts = await master.accounts();
    return await accounts(accountSid).fetch();
  } catch (error) {
    if (failureOf(error)?.kind === "not_found") return null;
    throw error;
  }
}

async function situationOf(
  { accountSid, inUse, next, requested, previousUntil }: OpenTokens,
  account: AccountAtTwilio,
  { accounts, now }: RotateDependencies,
): Promise<TokenSituation> {
  const accepted = next !== null && await (await accounts.withToken(accountSid, next)).isAccepted();
  return {
    requested,
    // The next token first: convergence may have stored it as the one in use before its promotion was recorded.
    primary: account.authToken === next ? "next" : account.authToken === inUse ? "in_use" : "unknown",
    next: next === null ? "none" : accepted ? "accepted" : "refused",
    accountIsActive: account.status === "active",
    previousUntil,
    now: now(),
  };
}
