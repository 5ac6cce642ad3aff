import type { Context } from "../platform/endpoint.ts";
import type { Env } from "../platform/env.ts";
import { keyRingOf } from "../sealing/key-ring.ts";
import { openToken } from "../sealing/seal.ts";
import type { Twilio, TwilioOptions } from "../twilio/client.ts";
import { accountStatusError, type InactiveStatus, subaccountOf } from "./status.ts";
import { newerToken } from "./stored-tokens.ts";
import type { TokenAccount } from "./token-account.ts";

/** The ways to act as a Twilio account. */
export interface TwilioAccounts {
  /** The master account. */
  master(): Promise<Twilio>;
  /** A tenant's own account, if it is active. */
  active(userId: string): Promise<ActiveAccount>;
  /**
   * A tenant's own account with credentials that a decision returned. If Twilio rejects the token because it is being
   * rotated, the newer token is looked up and the request is sent again.
   * @throws Error when the sealed token does not open
   */
  from(credentials: SealedCredentials): Promise<Twilio>;
  /** A subaccount with exactly this token. */
  withToken(accountSid: string, authToken: string): Promise<TokenAccount>;
}

export type ActiveAccount = { status: "active"; twilio: Twilio } | { status: InactiveStatus };

/** A tenant's account as stored. The token is opened for one use only. */
export interface SealedCredentials {
  userId: string;
  accountSid: string;
  sealedToken: string;
}

/** The accounts of this deployment. Twilio's SDK is loaded on first use, because most refused requests never need it. */
export function twilioAccounts({ db, env }: Pick<Context, "db" | "env">): TwilioAccounts {
  const apiBaseUrl = env.TWILIO_API_BASE_URL;
  let master: Promise<Twilio> | undefined;

  async function from({ userId, accountSid, sealedToken }: SealedCredentials): Promise<Twilio> {
    const ring = keyRingOf(env);
    return await createTwilio({
      accountSid,
      authToken: await openToken(ring, userId, accountSid, sealedToken),
      apiBaseUrl,
      // Without a newer token the caller gets Twilio's error: the request was not processed.
      renewToken: (refused) => newerToken(refused, userId, accountSid, { db, ring }).catch(() => null),
    });
  }

  return {
    master: () => master ??= createTwilio(masterOptions(env)),
    async active(userId) {
      const account = await subaccountOf(db, { p_user_id: userId });
      if (account.outcome !== "active") return { status: account.outcome };
      const { subaccount_sid: accountSid, sealed_token: sealedToken } = account;
      return { status: "active", twilio: await from({ userId, accountSid, sealedToken }) };
    },
    from,
    async withToken(accountSid, authToken) {
      const { createTokenAccount } = await import("./token-account.ts");
      return createTokenAccount({ accountSid, authToken, apiBaseUrl });
    },
  };
}

async function createTwilio(options: TwilioOptions): Promise<Twilio> {
  const client = await import("../twilio/client.ts");
  return client.createTwilio(options);
}

/** The master account, for Twilio's other products. */
export function masterOptions(env: Env): TwilioOptions {
  return {
    accountSid: env.TWILIO_ACCOUNT_SID,
    authToken: env.TWILIO_AUTH_TOKEN,
    apiBaseUrl: env.TWILIO_API_BASE_URL,
  };
}

/** A tenant's own account. @throws ApiError that names the account status, if it is not active */
export async function requireActive(accounts: Pick<TwilioAccounts, "active">, userId: string): Promise<Twilio> {
  const account = await accounts.active(userId);
  if (account.status !== "active") throw accountStatusError(account.status);
  return account.twilio;
}
