import type { AccountInstance } from "twilio/lib/rest/api/v2010/account.js";
import type { Twilio } from "../twilio/client.ts";
import { failureOf } from "../twilio/errors.ts";
import { subaccountName } from "./name.ts";
import type { Account } from "./plan.ts";

/** An account at Twilio with its token. The token is only ever sealed. */
export interface FoundAccount extends Account {
  /** The SID of the master account. */
  ownerSid: string;
  friendlyName: string;
  authToken: string;
}

/**
 * The accounts that are, or may be, the tenant's: the one whose SID is stored, otherwise all that have the tenant's name.
 * @param byName look them up by name as well, to find duplicates
 */
export async function lookUpAccounts(
  master: Twilio,
  userId: string,
  storedSid: string | null,
  byName: boolean,
): Promise<FoundAccount[]> {
  const stored = storedSid === null ? null : await fetchAccount(master, storedSid);
  if (stored !== null && stored.status !== "closed" && !byName) return [accountOf(stored, 0)];
  const named = await (await master.accounts()).list({ friendlyName: subaccountName(userId), pageSize: 1000 });
  const found = new Map(
    [stored, ...named].filter((account) => account !== null).map((account) => [account.sid, account]),
  );
  return await withNumbers(master, [...found.values()]);
}

/**
 * Checks that the statuses of accounts are their own: while Twilio has suspended the master account, for example without
 * funds, all its accounts are suspended.
 * @throws Error if the master account is not active
 */
export async function requireActiveMaster(master: Twilio, masterSid: string): Promise<void> {
  const account = await fetchAccount(master, masterSid);
  if (account === null || account.status === "active") return;
  throw new Error(`Cannot read the status of subaccounts: the master account is ${account.status} at Twilio`);
}

async function fetchAccount(master: Twilio, sid: string): Promise<AccountInstance | null> {
  try {
    const accounts = await master.accounts();
    return await accounts(sid).fetch();
  } catch (error) {
    if (failureOf(error)?.kind === "not_found") return null;
    throw error;
  }
}

/** Numbers are counted only if there are several accounts to choose from. */
async function withNumbers(master: Twilio, accounts: AccountInstance[]): Promise<FoundAccount[]> {
  const open = accounts.filter(({ status }) => status !== "closed");
  if (open.length < 2) return accounts.map((account) => accountOf(account, 0));
  return await Promise.all(accounts.map(async (account) => {
    if (account.status === "closed") return accountOf(account, 0);
    const numbers = await master.numbersOf(account.sid).list({ limit: 1 });
    return accountOf(account, numbers.length);
  }));
}

export function accountOf(account: AccountInstance, numbers: number): FoundAccount {
  return {
    sid: account.sid,
    status: account.status,
    createdAt: account.dateCreated,
    numbers,
    ownerSid: account.ownerAccountSid,
    friendlyName: account.friendlyName,
    authToken: account.authToken,
  };
}
