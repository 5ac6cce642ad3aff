import { type Db, decide } from "../platform/database.ts";
import type { Log } from "../platform/log.ts";
import { type KeyRing, seal, tokenBinding } from "../platform/sealing.ts";
import type { Twilio } from "../twilio/client.ts";
import { failureOf, type TwilioFailure } from "../twilio/errors.ts";
import type { AsSubaccount } from "./as-subaccount.ts";
import type { TokenStep } from "./token-plan.ts";

export interface RotateDependencies {
  db: Db;
  /** The master account: what it reads of a subaccount's token is the truth. */
  twilio: Twilio;
  asSubaccount: AsSubaccount;
  sealing: KeyRing;
  leaseSeconds: number;
  now: () => Date;
  log: Log;
  requestId: string;
}

/** The tokens of one account, opened: they stay within one rotation, and follow what it stores. */
export interface Tokens {
  userId: string;
  fence: number;
  accountSid: string;
  requested: boolean;
  inUse: string;
  next: string | null;
  previousUntil: Date | null;
}

/** `unclear`: Twilio's answer was lost or says that something has happened before; the next look tells what. */
export type StepResult = "done" | "unclear" | "fenced" | "gone";

/** How long webhooks signed with the token before are believed: longer than Twilio tries to deliver one. */
const KEEP_PREVIOUS_SECONDS = 600;

/** Executes one step. @param primary the token that the parent reads as the primary one */
export function execute(
  step: Exclude<TokenStep, { do: "wait" }>,
  tokens: Tokens,
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
      return recordPrimary("somebody's", tokens, primary, dependencies);
  }
}

async function replaceSecondary(tokens: Tokens, dependencies: RotateDependencies): Promise<StepResult> {
  const { userId, fence, accountSid, inUse } = tokens;
  const { db, asSubaccount, sealing, requestId } = dependencies;
  const account = asSubaccount(accountSid, inUse).tokens;
  if (!await stillOurs(tokens, db)) return "fenced";
  // One may be there whose making was not answered: nobody knows it, so it goes.
  const deleted = await tolerant(account.deleteSecondary(), ["not_found", "unknown"]);
  if (deleted === "unknown") return "unclear";
  let secondary = "";
  const created = await tolerant(account.createSecondary().then((token) => void (secondary = token)), ["unknown"]);
  if (created !== null) return "unclear";
  const recorded = await decide(db, "record_secondary_token", {
    p_user_id: userId,
    p_fence: fence,
    p_subaccount_sid: accountSid,
    p_sealed_next: await seal(sealing, secondary, tokenBinding(userId, accountSid)),
    p_request_id: requestId,
  });
  if (recorded !== "recorded") return refusedRecord(recorded);
  Object.assign(tokens, { next: secondary, previousUntil: null } satisfies Partial<Tokens>);
  return "done";
}

/**
 * A promotion that has happened before has left no secondary token (404), and the token in use is no longer taken (401):
 * either way the next look finds the next token in its place.
 */
async function promote(tokens: Tokens, { db, asSubaccount }: RotateDependencies): Promise<StepResult> {
  if (!await stillOurs(tokens, db)) return "fenced";
  const promotion = asSubaccount(tokens.accountSid, tokens.inUse).tokens.promote();
  return await tolerant(promotion, ["not_found", "account", "unknown"]) === null ? "done" : "unclear";
}

async function recordPrimary(
  whose: "ours" | "somebody's",
  tokens: Tokens,
  primary: string,
  { db, sealing, now, requestId }: RotateDependencies,
): Promise<StepResult> {
  const { userId, fence, accountSid } = tokens;
  const recorded = await decide(db, "record_primary_token", {
    p_user_id: userId,
    p_fence: fence,
    p_subaccount_sid: accountSid,
    // Ours is stored already, as the next one.
    p_sealed_token: whose === "ours" ? null : await seal(sealing, primary, tokenBinding(userId, accountSid)),
    p_keep_previous_seconds: KEEP_PREVIOUS_SECONDS,
    p_request_id: requestId,
  });
  if (recorded !== "recorded") return refusedRecord(recorded);
  Object.assign(
    tokens,
    {
      inUse: primary,
      next: null,
      previousUntil: new Date(now().getTime() + KEEP_PREVIOUS_SECONDS * 1000),
      requested: whose === "ours" ? false : tokens.requested,
    } satisfies Partial<Tokens>,
  );
  return "done";
}

/** Before a write to Twilio: whoever lost the lease keeps their hands off. */
const stillOurs = async ({ userId, fence }: Tokens, db: Db): Promise<boolean> =>
  await decide(db, "renew_lease", { p_user_id: userId, p_fence: fence }) === "written";

const refusedRecord = (outcome: string): StepResult => outcome === "fenced" ? "fenced" : "gone";

/** The kind of failure where it is one of these, null where there was none. Any other is thrown. */
async function tolerant(
  call: Promise<unknown>,
  kinds: readonly TwilioFailure["kind"][],
): Promise<TwilioFailure["kind"] | null> {
  try {
    await call;
    return null;
  } catch (error) {
    const { kind } = failureOf(error);
    if (!kinds.includes(kind)) throw error;
    return kind;
  }
}
