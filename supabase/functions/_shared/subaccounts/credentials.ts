import { type Db, decision } from "../platform/database.ts";
import { type KeyRing, keyRingOf } from "../sealing/key-ring.ts";
import { openToken } from "../sealing/seal.ts";
import { createTwilio, type Twilio } from "../twilio/client.ts";
import type { TwilioCredentials } from "../twilio/http.ts";

/** A tenant's account status, with the SID and sealed token of their subaccount. */
export const subaccountOf = decision("subaccount_of", {
  none: [],
  pending: ["subaccount_sid?"],
  active: ["subaccount_sid", "sealed_token"],
  suspended: ["subaccount_sid?"],
  closed: ["subaccount_sid?"],
});

const TOKENS = ["subaccount_sid?", "sealed_token?", "sealed_next?", "sealed_previous?"] as const;
const tokensOf = decision("tokens_of", {
  none: TOKENS,
  pending: TOKENS,
  active: TOKENS,
  suspended: TOKENS,
  closed: TOKENS,
});

/** The parts of the environment that reach Twilio. */
export interface TwilioEnv {
  TWILIO_ACCOUNT_SID: string;
  TWILIO_AUTH_TOKEN: string;
  TWILIO_API_BASE_URL: string;
  TOKEN_SEALING_KEYS: string;
}

/** Twilio as the master account. */
export function masterTwilio(env: TwilioEnv): Twilio {
  return createTwilio({ ...masterCredentials(env), apiBaseUrl: env.TWILIO_API_BASE_URL });
}

export function masterCredentials(env: TwilioEnv): TwilioCredentials {
  return { accountSid: env.TWILIO_ACCOUNT_SID, authToken: env.TWILIO_AUTH_TOKEN };
}

/** A tenant's account as stored. */
export interface SealedCredentials {
  userId: string;
  accountSid: string;
  sealedToken: string;
}

/**
 * Twilio as the tenant's own subaccount. The sealed token is opened for this use only. If Twilio refuses it because it is
 * being rotated, the newer token is looked up and the request is sent again.
 */
export async function tenantTwilio(
  { db, env }: { db: Db; env: TwilioEnv },
  { userId, accountSid, sealedToken }: SealedCredentials,
): Promise<Twilio> {
  const ring = keyRingOf(env);
  return createTwilio({
    accountSid,
    authToken: await openToken(ring, userId, accountSid, sealedToken),
    apiBaseUrl: env.TWILIO_API_BASE_URL,
    // Without a newer token the caller gets Twilio's error: the request was not processed.
    renewToken: (refused) => newerToken(refused, userId, accountSid, { db, ring }).catch(() => null),
  });
}

/** Twilio as the account that sent a user's messages; null if their subaccount is not active. */
export async function accountOfMessages(
  { db, env }: { db: Db; env: TwilioEnv },
  userId: string,
  source: string,
): Promise<Twilio | null> {
  return source === "master" ? masterTwilio(env) : await activeTwilio({ db, env }, userId);
}

/** Twilio as a tenant whose subaccount is active; null for any other tenant. */
export async function activeTwilio({ db, env }: { db: Db; env: TwilioEnv }, userId: string): Promise<Twilio | null> {
  const account = await subaccountOf(db, { p_user_id: userId });
  if (account.outcome !== "active") return null;
  const { subaccount_sid: accountSid, sealed_token: sealedToken } = account;
  return await tenantTwilio({ db, env }, { userId, accountSid, sealedToken });
}

/** The token in use, if it changed; otherwise the secondary token, which may have been promoted just now. */
async function newerToken(
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
  { db, env }: { db: Db; env: TwilioEnv },
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
