import type { TwilioAccounts } from "../accounts/twilio-accounts.ts";
import type { Db } from "../platform/database.ts";
import type { Log } from "../platform/log.ts";
import type { KeyRing } from "../sealing/key-ring.ts";
import type { AccountStatus } from "./plan.ts";

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
  now: () => Date;
  log: Log;
  requestId: string;
}

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
