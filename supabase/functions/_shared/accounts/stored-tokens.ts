import { type Db, decision } from "../platform/database.ts";
import type { Context } from "../platform/endpoint.ts";
import { type KeyRing, keyRingOf } from "../sealing/key-ring.ts";
import { openToken } from "../sealing/seal.ts";
import { signingTokens } from "./signing-tokens.ts";

const TOKENS = ["subaccount_sid?", "sealed_token?", "sealed_next?", "sealed_previous?", "previous_until?"] as const;
const tokensOf = decision("tokens_of", {
  none: TOKENS,
  pending: TOKENS,
  active: TOKENS,
  suspended: TOKENS,
  closed: TOKENS,
});

/** The token in use, if it changed; otherwise the secondary token, which may have been promoted a moment ago. */
export async function newerToken(
  refused: string,
  userId: string,
  accountSid: string,
  { db, ring }: { db: Db; ring: KeyRing },
): Promise<string | null> {
  const tokens = await tokensOf(db, { p_user_id: userId });
  if (tokens.subaccount_sid !== accountSid) return null;
  for (const sealed of [tokens.sealed_token, tokens.sealed_next]) {
    if (sealed === null) continue;
    const token = await openToken(ring, userId, accountSid, sealed);
    if (token !== refused) return token;
  }
  return null;
}

/** What proves a webhook's sender. */
export interface WebhookProof {
  userId: string;
  /** The account that the webhook names. */
  accountSid: string | null;
  /** The caller's IP address; null if unknown. */
  address: string | null;
  /** Whether one of the tokens made the signature. */
  isSignedWith(tokens: readonly string[]): Promise<boolean>;
}

const verifyWithTokens = signingTokens();

/** Whether the account that a webhook names signed it, as the master account or as the tenant's own. */
export function isSignedByAccount(
  { db, env }: Pick<Context, "db" | "env">,
  { userId, accountSid, address, isSignedWith }: WebhookProof,
): Promise<boolean> {
  if (accountSid === env.TWILIO_ACCOUNT_SID) return isSignedWith([env.TWILIO_AUTH_TOKEN]);
  return verifyWithTokens({
    userId,
    address,
    async lookUp() {
      const tokens = await tokensOf(db, { p_user_id: userId });
      const sealed = [tokens.sealed_token, tokens.sealed_next, tokens.sealed_previous];
      return {
        accountSid: tokens.subaccount_sid,
        sealed: sealed.filter((text) => text !== null),
        validUntil: tokens.previous_until === null ? null : new Date(tokens.previous_until),
      };
    },
    async verifies(tokens) {
      if (accountSid === null || tokens.accountSid !== accountSid) return false;
      const ring = keyRingOf(env);
      return await isSignedWith(
        await Promise.all(tokens.sealed.map((text) => openToken(ring, userId, accountSid, text))),
      );
    },
  });
}
