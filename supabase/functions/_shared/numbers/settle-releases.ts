import type { TwilioAccounts } from "../accounts/twilio-accounts.ts";
import { type Db, rows } from "../platform/database.ts";
import { describeError, type Log } from "../platform/log.ts";
import { settleRelease } from "./release.ts";

export interface SettleReleasesDependencies {
  db: Db;
  accounts: Pick<TwilioAccounts, "active">;
  requestId: string;
  log: Log;
}

/** Longer than any release takes, so that one in progress is left alone. */
const PATIENCE_SECONDS = 60;
const BATCH = 50;

/**
 * Settles releases whose response was lost, by deleting again. A failure is logged and does not delay the others; the next
 * run repeats it.
 * @returns how many releases were looked at
 */
export async function settleReleases(dependencies: SettleReleasesDependencies): Promise<number> {
  const { db, accounts, log } = dependencies;
  const stale = await rows(db, "stale_number_releases", { p_older_than_seconds: PATIENCE_SECONDS, p_limit: BATCH });
  for (const { id: numberId, user_id: userId, phone_number: phoneNumber, phone_sid: phoneSid } of stale) {
    const about = { userId, numberId };
    try {
      const account = await accounts.active(userId);
      if (account.status !== "active" || phoneSid === null) continue;
      const release = { ...about, phoneNumber, phoneSid, begunBefore: true };
      const outcome = await settleRelease(release, { ...dependencies, twilio: account.twilio });
      if (outcome === null) log.warn("release.settle_failed", about);
    } catch (error) {
      log.warn("release.settle_failed", { ...about, ...describeError(error) });
    }
  }
  return stale.length;
}
