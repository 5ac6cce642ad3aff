import type { TwilioAccounts } from "../accounts/twilio-accounts.ts";
import { type Db, decide, decision } from "../platform/database.ts";
import type { Log } from "../platform/log.ts";
import { readUsage } from "./records.ts";

const beginUsageSync = decision("begin_usage_sync", {
  read: ["fence", "from_day", "until_day", "is_gone"],
  unknown_account: [],
});

export interface UsageSyncDependencies {
  db: Db;
  accounts: Pick<TwilioAccounts, "master">;
  log: Log;
}

/** Ranges of days that one job reads. A pass has more only after the sync stood still for months. */
const RANGES = 4;

/**
 * Reads the usage of an account at Twilio and records it, all open days in one range. The master account's own credentials
 * read every subaccount, also a suspended or closed one, which may not ask itself. Each range is recorded in one
 * decision: a job that dies reads its last range again.
 * @returns whether the pass is complete
 * @throws the error of Twilio, and nothing is recorded
 */
export async function syncUsage(accountSid: string, { db, accounts, log }: UsageSyncDependencies): Promise<boolean> {
  const master = await accounts.master();
  const daily = await master.dailyUsageOf(accountSid);
  for (let ranges = 0; ranges < RANGES; ranges++) {
    const begun = await beginUsageSync(db, { p_account_sid: accountSid });
    if (begun.outcome === "unknown_account") return true;
    const { known, records } = await readUsage(daily, { from: begun.from_day, until: begun.until_day }, begun.is_gone);
    const recorded = await decide(db, "record_usage", {
      p_account_sid: accountSid,
      p_fence: begun.fence,
      p_through: begun.until_day,
      p_from: known?.from ?? null,
      p_until: known?.until ?? null,
      p_records: records.map((record) => ({ ...record })),
    });
    switch (recorded) {
      case "continues":
        break;
      case "fenced": // another job reads the account
        return true;
      case "recorded":
        log.info("usage.synced", { accountSid, from: begun.from_day, until: begun.until_day, records: records.length });
        return true;
      default:
        recorded satisfies never;
    }
  }
  return false;
}
