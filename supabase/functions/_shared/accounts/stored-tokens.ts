import { type Db, decision } from "../platform/database.ts";
import type { Context } from "../platform/endpoint.ts";
import { type KeyRing, keyRingOf } from "../sealing/key-ring.ts";
import { openToken } from "../sealing/seal.ts";

const TOKENS = ["subaccount_sid?", "sealed_token?", "sealed_next?", "sealed_previous?"] as const;
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

/** Each token that may have signed a webhook of this account: the one in use, the next one, and the previous one. */
export async function signingTokens(
  { db, env }: Pick<Context, "db" | "env">,
  userId: string,
  accountSid: string | null,
): Promise<string[]> {
  if (accountSid === env.TWILIO_ACCOUNT_SID) return [env.TWILIO_AUTH_TOKEN];
  const tokens = await tokensOf(db, { p_user_id: userId });
  if (accountSid === null || tokens.subaccount_sid !== accountSid) return [];
  const ring = keyRingOf(env);
  const sealed = [tokens.sealed_token, tokens.sealed_next, tokens.sealed_previous].filter((text) => text !== null);
  return await Promise.all(sealed.map((text) => openToken(ring, userId, accountSid, text)));
}
