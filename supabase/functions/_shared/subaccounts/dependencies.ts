import { LEASE_SECONDS } from "../accounts/lease.ts";
import type { Context } from "../platform/endpoint.ts";
import type { ConvergeDependencies } from "./convergence.ts";
import { keyRingOf } from "../sealing/key-ring.ts";
import { twilioAccounts } from "../accounts/twilio-accounts.ts";

/** What convergence needs, from the context of a request. */
export function convergeDependencies(
  { db, env, log, requestId }: Pick<Context, "db" | "env" | "log" | "requestId">,
): ConvergeDependencies {
  return {
    db,
    accounts: twilioAccounts({ db, env }),
    sealing: keyRingOf(env),
    maxSubaccounts: env.MAX_SUBACCOUNTS,
    maxSubaccountsPerDay: env.MAX_SUBACCOUNTS_PER_DAY,
    createSettleSeconds: env.CREATE_SETTLE_SECONDS,
    leaseSeconds: LEASE_SECONDS,
    masterAccountSid: env.TWILIO_ACCOUNT_SID,
    publicBaseUrl: env.PUBLIC_BASE_URL,
    now: () => new Date(),
    log,
    requestId,
  };
}
