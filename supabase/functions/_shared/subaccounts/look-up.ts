import type { AccountInstance } from "twilio/lib/rest/api/v2010/account.js";
import type { Twilio } from "../twilio/client.ts";
import { failureOf } from "../twilio/errors.ts";
import { subaccountName } from "./name.ts";
import type { Account } from "./plan.ts";

/** An account as planned with, and as executed on: the token is read again by the parent and goes nowhere but into the seal. */
export interface TwilioAccount extends Account {
  friendlyName: string;
  authToken: string;
}

/**
 * The accounts that are, or may be, the tenant's: the one whose SID is stored, else all that carry their name.
 * @param byName look by name as well, to see duplicates
 */
export async function lookUpAccounts(
  twilio: Twilio,
  userId: string,
  storedSid: string | null,
  byName: boolean,
): Promise<TwilioAccount[]> {
  const stored = storedSid === null ? null : await fetchAccount(twilio, storedSid);
  if (stored !== null && stored.status !== "closed" && !byName) return [accountOf(stored, 0)];
  const named = await twilio.accounts.list({ friendlyName: subaccountName(userId), pageSize: 1000 });
  const found = new Map(
    [stored, ...named].filter((account) => account !== null).map((account) => [account.sid, account]),
  );
  return await withNumbers(twilio, [...found.values()]);
}

async function fetchAccount(twilio: Twilio, sid: string): Promise<AccountInstance | null> {
  try {
    return await twilio.accounts(sid).fetch();
  } catch (error) {
    if (failureOf(error).kind === "not_found") return null;
    throw error;
  }
}

/** Numbers are counted only when there is a choice to make. */
async function withNumbers(twilio: Twilio, accounts: AccountInstance[]): Promise<TwilioAccount[]> {
  const open = accounts.filter(({ status }) => status !== "closed");
  if (open.length < 2) return accounts.map((account) => accountOf(account, 0));
  return await Promise.all(accounts.map(async (account) => {
    if (account.status === "closed") return accountOf(account, 0);
    const numbers = await twilio.accounts(account.sid).incomingPhoneNumbers.list({ limit: 1 });
    return accountOf(account, numbers.length);
  }));
}

export function accountOf(account: AccountInstance, numbers: number): TwilioAccount {
  return {
    sid: account.sid,
    status: account.status,
    createdAt: account.dateCreated,
    numbers,
    friendlyName: account.friendlyName,
    authToken: account.authToken,
  };
}
