import type { Lease } from "../accounts/lease.ts";
import type { TwilioAccounts } from "../accounts/twilio-accounts.ts";
import type { RegulatoryInformation } from "../numbers/regulatory-information.ts";
import type { Db, Enum } from "../platform/database.ts";
import type { Log } from "../platform/log.ts";
import type { KeyRing } from "../sealing/key-ring.ts";
import type { AccountStatus, Stored } from "./plan.ts";

export interface ConvergeDependencies {
  db: Db;
  /** Only the master account creates, suspends and closes. */
  accounts: Pick<TwilioAccounts, "master">;
  sealing: KeyRing;
  maxSubaccounts: number;
  /** How many may be created within a day. Unlimited if not set. */
  maxSubaccountsPerDay?: number;
  /** How long a creation without a response may still appear at Twilio. */
  createSettleSeconds: number;
  leaseSeconds: number;
  masterAccountSid: string;
  publicBaseUrl: string;
  now: () => Date;
  log: Log;
  requestId: string;
}

/** One convergence in progress. `stored` follows what is written, so that the next plan sees it. */
export interface Execution extends ConvergeDependencies, Lease {
  stored: Stored;
  /** Whether a write to Twilio got no response: it may still land. */
  inDoubt: boolean;
  /** The numbers that leave now, as decided for the plan's round. */
  leaving: readonly LeavingNumber[];
  /** Duplicates that stay open, because Twilio refused to move a number out of them. An operator is alerted. */
  listedDuplicates: Set<string>;
}

/** A number that is released, or moved to the master account with papers of that account. */
export interface LeavingNumber extends RegulatoryInformation {
  phoneSid: string;
  action: Enum<"leaving_numbers">;
}

/** The result of one step. */
export type Result = { outcome: "done" } | Exclude<Convergence, { outcome: "converged" } | { outcome: "busy" }>;
export const DONE = { outcome: "done" } as const;

/** The tenant's account after convergence. */
export interface ConvergedAccount {
  sid: string;
  friendlyName: string;
  status: AccountStatus;
}

export type Convergence =
  | { outcome: "converged"; account: ConvergedAccount | null; created: boolean }
  /** Another convergence of this tenant holds the lease. */
  | { outcome: "busy" }
  /** A creation without a response may still appear: ask again after `until`. */
  | { outcome: "waiting"; until: Date }
  /** The master account may hold no further subaccounts. The tenant's request stays stored. */
  | { outcome: "limit_reached" }
  /** The lease ran out and another holder took it; nothing was written after that. */
  | { outcome: "fenced" };
