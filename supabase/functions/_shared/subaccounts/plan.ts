/** What a tenant should have now, as decided from their subscriptions, requests and holds. */
export type Wanted = "active" | "suspended" | "closed" | "none";

/** Twilio's own words for an account's state. `closed` is final. */
export type AccountStatus = "active" | "suspended" | "closed";

/** What the database remembers of the tenant's subaccount. */
export interface Stored {
  subaccountSid: string | null;
  status: AccountStatus | "pending";
  hasToken: boolean;
  /** The status Switchboard last gave the account; null when it never gave one. */
  appliedStatus: AccountStatus | null;
  /** The status an earlier convergence was about to give when it was last heard of. */
  intendedStatus: AccountStatus | null;
  /** When a creation was last begun whose outcome is not known. */
  createAttemptedAt: Date | null;
}

/** An account at Twilio that carries the tenant's name, or whose SID is stored for them. */
export interface Account {
  sid: string;
  status: AccountStatus;
  createdAt: Date;
  /** How many phone numbers it holds. Only ever compared, so 0 will do where there is a single account. */
  numbers: number;
}

export interface Situation {
  wanted: Wanted;
  stored: Stored;
  accounts: readonly Account[];
  now: Date;
  /** How long a creation without an answer may still appear at Twilio, in milliseconds. */
  settleMs: number;
}

export type Step =
  /** A creation may still be on its way: look again later, create nothing. */
  | { do: "wait"; until: Date }
  | { do: "create" }
  /** The creation that was begun came to nothing, and none is wanted any more. */
  | { do: "forget-attempt" }
  /** One tenant, one account: this one is surplus. */
  | { do: "close-duplicate"; sid: string }
  /** Store this account and its sealed token as the tenant's. */
  | { do: "adopt"; sid: string }
  | { do: "set-status"; sid: string; status: AccountStatus }
  /** Twilio differs from what is stored, and Twilio is right: store it. `byHand`: somebody set it at Twilio. */
  | { do: "record-status"; sid: string; status: AccountStatus; byHand: boolean };

/**
 * The steps that bring Twilio and the database to what is wanted. Pure, and empty exactly when nothing is left to do; after
 * executing them the caller looks again and plans again, until the plan is empty.
 */
export function plan(situation: Situation): Step[] {
  const open = situation.accounts.filter(({ status }) => status !== "closed");
  const keeper = chooseKeeper(open);
  if (keeper === undefined) return withoutAccount(situation);
  const duplicates = open.filter(({ sid }) => sid !== keeper.sid);
  return [...duplicates.map(({ sid }): Step => ({ do: "close-duplicate", sid })), ...withAccount(situation, keeper)];
}

/** Of several accounts the oldest that holds numbers, else the oldest. */
function chooseKeeper(open: readonly Account[]): Account | undefined {
  const rank = (account: Account) => (account.numbers > 0 ? 0 : 1);
  return [...open].sort((a, b) =>
    rank(a) - rank(b) || a.createdAt.getTime() - b.createdAt.getTime() || (a.sid < b.sid ? -1 : 1)
  )[0];
}

function withoutAccount({ wanted, stored, now, settleMs }: Situation): Step[] {
  // First the loss is on record, whatever comes after it.
  if (stored.subaccountSid !== null && stored.status !== "closed") {
    return [{ do: "record-status", sid: stored.subaccountSid, status: "closed", byHand: wanted !== "closed" }];
  }
  const until = stored.createAttemptedAt && new Date(stored.createAttemptedAt.getTime() + settleMs);
  // Also where none is wanted by now: one that appears later would be nobody's.
  if (until !== null && now < until) return [{ do: "wait", until }];
  if (wanted === "active") return [{ do: "create" }];
  return until === null ? [] : [{ do: "forget-attempt" }];
}

function withAccount({ wanted, stored }: Situation, account: Account): Step[] {
  if (stored.subaccountSid !== account.sid || !stored.hasToken) return [{ do: "adopt", sid: account.sid }];
  // An account nobody is entitled to is stopped, not destroyed: closing is final and takes its numbers along.
  const target = wanted === "none" ? "suspended" : wanted;
  if (target !== "closed" && suspendedByHand(stored, account)) {
    return stored.status === "suspended"
      ? []
      : [{ do: "record-status", sid: account.sid, status: "suspended", byHand: true }];
  }
  if (account.status === target) {
    const settled = stored.status === account.status && stored.appliedStatus === target;
    return settled ? [] : [{ do: "record-status", sid: account.sid, status: account.status, byHand: false }];
  }
  return [{ do: "set-status", sid: account.sid, status: target }];
}

/**
 * We last made it active and never meant to suspend it, yet it is suspended: an operator did that in Twilio's console. It is
 * recorded, not fought over, and outlasts a subscription that ends and begins again.
 */
function suspendedByHand(stored: Stored, account: Account): boolean {
  return account.status === "suspended" && stored.appliedStatus === "active" && stored.intendedStatus !== "suspended";
}
