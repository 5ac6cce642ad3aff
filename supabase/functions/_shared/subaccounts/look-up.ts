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

/** The master account is not active at Twilio, so nothing that it reads of its subaccounts' statuses counts. */
export class InactiveMaster extends Error {
  constructor(status: string) {
    super(`Cannot read the status of subaccounts: the master account is ${status} at Twilio`);
    this.name = "InactiveMaster";
  }
}

/**
 * Whether a call as the master account failed because that account is not active. 20003 may also mean a wrong token, which
 * is a failure like others.
 */
export function isMasterInactive(error: unknown): boolean {
  if (error instanceof InactiveMaster) return true;
  const failure = failureOf(error);
  return failure?.kind === "account" && failure.code !== 20003;
}

/**
 * Checks that the statuses of accounts are their own: while Twilio has suspended the master account, for example without
 * funds, all its accounts are suspended.
 * @throws InactiveMaster
 */
export async function requireActiveMaster(master: Twilio, masterSid: string): Promise<void> {
  const account = await fetchAccount(master, masterSid);
  if (account === null || account.status === "active") return;
  throw new InactiveMaster(account.status);
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
