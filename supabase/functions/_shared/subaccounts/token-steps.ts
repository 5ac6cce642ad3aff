import { type Db, decide, type Enum } from "../platform/database.ts";
import type { Log } from "../platform/log.ts";
import type { KeyRing } from "../sealing/key-ring.ts";
import { sealToken } from "../sealing/seal.ts";
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

/** `unclear`: Twilio's response was lost, or the step had already happened. The next look shows which. */
export type StepResult = "done" | "unclear" | Exclude<Enum<"token_record">, "recorded">;

/** How long signatures of the previous token are accepted: longer than Twilio tries to deliver a webhook. */
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
      return recordPrimary("foreign", tokens, primary, dependencies);
  }
}

async function replaceSecondary(tokens: Tokens, dependencies: RotateDependencies): Promise<StepResult> {
  const { userId, fence, accountSid, inUse } = tokens;
  const { db, asSubaccount, sealing, requestId } = dependencies;
  const account = asSubaccount(accountSid, inUse).tokens;
  if (!await stillOurs(tokens, db)) return "fenced";
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
  Object.assign(tokens, { next: secondary, previousUntil: null } satisfies Partial<Tokens>);
  return "done";
}

/**
 * After an earlier promotion there is no secondary token (404), and Twilio refuses the token in use (401). In both cases
 * the next look finds the promoted token as the primary one.
 */
async function promote(tokens: Tokens, { db, asSubaccount }: RotateDependencies): Promise<StepResult> {
  if (!await stillOurs(tokens, db)) return "fenced";
  const promotion = asSubaccount(tokens.accountSid, tokens.inUse).tokens.promote();
  return await tolerant(promotion, ["not_found", "account", "unknown"]) === null ? "done" : "unclear";
}

async function recordPrimary(
  /** `foreign`: made in Twilio's console. */
  origin: "ours" | "foreign",
  tokens: Tokens,
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
    } satisfies Partial<Tokens>,
  );
  return "done";
}

/** Before a write to Twilio: without the lease it must not happen. */
const stillOurs = async ({ userId, fence }: Tokens, db: Db): Promise<boolean> =>
  await decide(db, "renew_lease", { p_user_id: userId, p_fence: fence }) === "written";

/** The kind of the failure, if it is one of these; null without a failure. Any other failure is thrown. */
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
