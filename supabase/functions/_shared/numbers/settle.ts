import type { TwilioAccounts } from "../accounts/twilio-accounts.ts";
import { type Db, rows } from "../platform/database.ts";
import { describeError, type Log } from "../platform/log.ts";
import { settlePurchase } from "./buy.ts";

export interface SettlePurchasesDependencies {
  db: Db;
  accounts: Pick<TwilioAccounts, "active">;
  publicBaseUrl: string;
  requestId: string;
  log: Log;
}

/** Longer than any purchase takes, so that one in progress is left alone. */
const PATIENCE_SECONDS = 60;
const BATCH = 50;

/**
 * Settles purchases whose response was lost. A failure is logged and does not delay the others; the next run repeats it.
 * @returns how many purchases were looked at
 */
export async function settlePurchases(dependencies: SettlePurchasesDependencies): Promise<number> {
  const { db, accounts, log } = dependencies;
  const stale = await rows(db, "stale_number_reservations", { p_older_than_seconds: PATIENCE_SECONDS, p_limit: BATCH });
  for (const { id: numberId, user_id: userId, phone_number: phoneNumber } of stale) {
    const purchase = { userId, numberId, phoneNumber };
    try {
      const account = await accounts.active(userId);
      if (account.status === "active") await settlePurchase(purchase, { ...dependencies, twilio: account.twilio });
    } catch (error) {
      log.warn("purchase.settle_failed", { userId, numberId, ...describeError(error) });
    }
  }
  return stale.length;
}
