import type { Enum } from "../platform/database.ts";

/** The status a tenant's subaccount should have, from their subscriptions, request and hold. */
export type Wanted = Enum<"wanted_status">;

/** The status of an account at Twilio. `closed` is final. */
export type AccountStatus = Enum<"twilio_account_status">;

/** What the database stores of the tenant's subaccount. */
export interface Stored {
  subaccountSid: string | null;
  /** `pending` before there is an account. */
  status: Enum<"account_status">;
  hasToken: boolean;
  /** The status Switchboard last gave the account; null when it never gave one. */
  appliedStatus: AccountStatus | null;
  /** The status that an earlier convergence was about to set, if its result was never recorded. */
  intendedStatus: AccountStatus | null;
  /** When a creation was begun whose outcome is unknown. */
  createAttemptedAt: Date | null;
}

/** An account at Twilio that has the tenant's name, or whose SID is stored for the tenant. */
export interface Account {
  sid: string;
  status: AccountStatus;
  createdAt: Date;
  /** How many phone numbers it holds. Only compared between accounts: 0 for a single account. */
  numbers: number;
}

/** What is done with an account that is wanted closed: its numbers leave it first, and only then it is closed. */
export type Leaving = "leave" | "wait" | "close";

export interface Situation {
  wanted: Wanted;
  /** Counts when `wanted` is closed. */
  leaving: Leaving;
  stored: Stored;
  accounts: readonly Account[];
  now: Date;
  /** How long a creation without a response may still appear at Twilio, in milliseconds. */
  settleMs: number;
}

export type Step =
  /** A creation may still take effect: look again later, create nothing. */
  | { do: "wait"; until: Date }
  | { do: "create" }
  /** A creation had no effect, and no account is wanted now. */
  | { do: "forget-attempt" }
  /** One tenant, one account: this one is surplus. */
  | { do: "close-duplicate"; sid: string }
  /** Store this account and its sealed token as the tenant's. */
  | { do: "adopt"; sid: string }
  | { do: "set-status"; sid: string; status: AccountStatus }
  /** A suspended account can change nothing: it becomes active so that its numbers can leave. The tenant is held. */
  | { do: "open-to-leave"; sid: string }
  /** Release or park the account's numbers, one by one. */
  | { do: "leave-numbers"; sid: string }
  /** Twilio's status differs from the stored one: store it. `byHand`: it was set in Twilio's console. */
  | { do: "record-status"; sid: string; status: AccountStatus; byHand: boolean };

/**
 * The steps that give Twilio and the database the wanted status. Pure, and empty exactly when nothing is left to do. After
 * executing the steps the caller looks and plans again, until the plan is empty.
 */
export function plan(situation: Situation): Step[] {
  const open = situation.accounts.filter(({ status }) => status !== "closed");
  const keeper = chooseKeeper(open);
  if (keeper === undefined) return withoutAccount(situation);
  const duplicates = open.filter(({ sid }) => sid !== keeper.sid);
  return [...duplicates.map(({ sid }): Step => ({ do: "close-duplicate", sid })), ...withAccount(situation, keeper)];
}

/** The account that is or becomes the tenant's: of several open ones the oldest that holds numbers, else the oldest. */
export function keeperOf<One extends Account>(accounts: readonly One[]): One | undefined {
  const keeper = chooseKeeper(accounts.filter(({ status }) => status !== "closed"));
  return accounts.find((account) => account === keeper);
}

/** Of several accounts the oldest that holds numbers, else the oldest. */
function chooseKeeper(open: readonly Account[]): Account | undefined {
  const rank = (account: Account) => (account.numbers > 0 ? 0 : 1);
  return [...open].sort((a, b) =>
    rank(a) - rank(b) || a.createdAt.getTime() - b.createdAt.getTime() || (a.sid < b.sid ? -1 : 1)
  )[0];
}

function withoutAccount({ wanted, stored, now, settleMs }: Situation): Step[] {
  // The loss is recorded before any other step.
  if (stored.subaccountSid !== null && stored.status !== "closed") {
    return [{ do: "record-status", sid: stored.subaccountSid, status: "closed", byHand: wanted !== "closed" }];
  }
  const until = stored.createAttemptedAt && new Date(stored.createAttemptedAt.getTime() + settleMs);
  // Also when no account is wanted now: one that appears later must be found and suspended.
  if (until !== null && now < until) return [{ do: "wait", until }];
  if (wanted === "active") return [{ do: "create" }];
  return until === null ? [] : [{ do: "forget-attempt" }];
}

function withAccount({ wanted, stored, leaving }: Situation, account: Account): Step[] {
  if (stored.subaccountSid !== account.sid || !stored.hasToken) return [{ do: "adopt", sid: account.sid }];
  if (wanted === "closed" && leaving === "leave") {
    return [{ do: account.status === "active" ? "leave-numbers" : "open-to-leave", sid: account.sid }];
  }
  // Without an entitlement an account is suspended, not closed: closing is final and releases its numbers.
  const target = wanted === "none" || (wanted === "closed" && leaving === "wait") ? "suspended" : wanted;
  if (target !== "closed" && suspendedByHand(stored, account)) {
    return stored.status === "suspended"
      ? []
      : [{ do: "record-status", sid: account.sid, status: "suspended", byHand: true }];
  }
  if (account.status === target) {
    const isRecorded = stored.status === account.status && stored.appliedStatus === target;
    return isRecorded ? [] : [{ do: "record-status", sid: account.sid, status: account.status, byHand: false }];
  }
  return [{ do: "set-status", sid: account.sid, status: target }];
}

/**
 * Switchboard last made the account active and never meant to suspend it, yet it is suspended: that was done in Twilio's
 * console. It is recorded and kept, also after a subscription ends and begins again.
 */
export function suspendedByHand(stored: Stored, account: Account): boolean {
  return account.status === "suspended" && stored.appliedStatus === "active" && stored.intendedStatus !== "suspended";
}
