import { type Lease, renewLease } from "../accounts/lease.ts";
import type { TwilioAccounts } from "../accounts/twilio-accounts.ts";
import { type Db, decide, type Enum } from "../platform/database.ts";
import type { Log } from "../platform/log.ts";
import type { KeyRing } from "../sealing/key-ring.ts";
import { sealToken } from "../sealing/seal.ts";
import { requireTwilioFailure, type TwilioFailure } from "../twilio/errors.ts";
import type { TokenStep } from "./plan.ts";

export interface RotateDependencies {
  db: Db;
  /** What the master account reads as a subaccount's token is the truth. */
  accounts: Pick<TwilioAccounts, "master" | "withToken">;
  sealing: KeyRing;
  leaseSeconds: number;
  now: () => Date;
  log: Log;
  requestId: string;
}

/** The opened tokens of one account. They stay within one rotation and follow its writes. */
export interface OpenTokens extends Lease {
  accountSid: string;
  requested: boolean;
  inUse: string;
  next: string | null;
  previousUntil: Date | null;
}

/** `unclear`: Twilio's response was lost, or the step had already happened. The next look shows which. */
export type StepResult = "done" | "unclear" | Exclude<Enum<"token_record">, "recorded">;

/** How long signatures of the previous token are accepted: longer than Twilio tries to deliver a webhook. */
const KEEP_PREVIOUS_SECONDS = 600;

/** Executes one step. @param primary the token that the master account reads as the primary one */
export function executeTokenStep(
  step: Exclude<TokenStep, { do: "wait" }>,
  tokens: OpenTokens,
  primary: string,
  dependencies: RotateDependencies,
): Promise<StepResult> {
  switch (step.do) {
    case "replace-secondary":
      return replaceSecondary(tokens, dependencies);
    case "promote":
      return promote(tokens, dependencies);
    case "record-promotion":
      return recordPrimary("ours", tokens, primary, dependencies);
    case "record-primary":
      return recordPrimary("foreign", tokens, primary, dependencies);
  }
}

async function replaceSecondary(tokens: OpenTokens, dependencies: RotateDependencies): Promise<StepResult> {
  const { userId, fence, accountSid, inUse } = tokens;
  const { db, accounts, sealing, requestId } = dependencies;
  const { tokens: account } = await accounts.withToken(accountSid, inUse);
  if (!await renewLease(db, tokens)) return "fenced";
  // A secondary token whose creation had no response is stored nowhere: it is deleted.
  const deleted = await tolerant(account.deleteSecondary(), ["not_found", "unknown"]);
  if (deleted === "unknown") return "unclear";
  let secondary = "";
  const created = await tolerant(account.createSecondary().then((token) => void (secondary = token)), ["unknown"]);
  if (created !== null) return "unclear";
  const recorded = await decide(db, "record_secondary_token", {
    p_user_id: userId,
    p_fence: fence,
    p_subaccount_sid: accountSid,
    p_sealed_next: await sealToken(sealing, userId, accountSid, secondary),
    p_request_id: requestId,
  });
  if (recorded !== "recorded") return recorded;
  Object.assign(tokens, { next: secondary, previousUntil: null } satisfies Partial<OpenTokens>);
  return "done";
}

/**
 * After an earlier promotion there is no secondary token (404), and Twilio rejects the token in use (401). In both cases
 * the next look finds the promoted token as the primary one.
 */
async function promote(tokens: OpenTokens, { db, accounts }: RotateDependencies): Promise<StepResult> {
  if (!await renewLease(db, tokens)) return "fenced";
  const account = await accounts.withToken(tokens.accountSid, tokens.inUse);
  return await tolerant(account.tokens.promote(), ["not_found", "account", "unknown"]) === null ? "done" : "unclear";
}

async function recordPrimary(
  /** `foreign`: made in Twilio's console. */
  origin: "ours" | "foreign",
  tokens: OpenTokens,
  primary: string,
  { db, sealing, now, requestId }: RotateDependencies,
): Promise<StepResult> {
  const { userId, fence, accountSid } = tokens;
  const recorded = await decide(db, "record_primary_token", {
    p_user_id: userId,
    p_fence: fence,
    p_subaccount_sid: accountSid,
    // Our own token is stored already, as the next one.
    p_sealed_token: origin === "ours" ? null : await sealToken(sealing, userId, accountSid, primary),
    p_keep_previous_seconds: KEEP_PREVIOUS_SECONDS,
    p_request_id: requestId,
  });
  if (recorded !== "recorded") return recorded;
  Object.assign(
    tokens,
    {
      inUse: primary,
      next: null,
      previousUntil: new Date(now().getTime() + KEEP_PREVIOUS_SECONDS * 1000),
      requested: origin === "ours" ? false : tokens.requested,
    } satisfies Partial<OpenTokens>,
  );
  return "done";
}

/** The kind of the failure, if it is one of these; null without a failure. Any other failure is thrown. */
async function tolerant(
  call: Promise<unknown>,
  kinds: readonly TwilioFailure["kind"][],
): Promise<TwilioFailure["kind"] | null> {
  try {
    await call;
    return null;
  } catch (error) {
    const { kind } = requireTwilioFailure(error);
    if (!kinds.includes(kind)) throw error;
    return kind;
  }
}
