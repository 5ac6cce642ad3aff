import type { AccountPage } from "twilio/lib/rest/api/v2010/account.js";
import type { TwilioAccounts } from "../accounts/twilio-accounts.ts";
import { type Db, decide, decision } from "../platform/database.ts";
import type { Log } from "../platform/log.ts";
import { requireActiveMaster } from "./look-up.ts";
import { tenantOfName } from "./name.ts";

const COUNTS = ["open_accounts", "mismatches", "missing", "strangers"] as const;
const endSweep = decision("end_sweep", { continues: COUNTS, within: COUNTS, warning: COUNTS, critical: COUNTS });

export interface SweepDependencies {
  db: Db;
  accounts: Pick<TwilioAccounts, "master">;
  masterAccountSid: string;
  maxSubaccounts: number;
  log: Log;
  /** Accounts per page. By default half of Twilio's most, so that comparing a page takes far less than half a second. */
  pageSize?: number;
}

/** Where a sweep continues: the content of its job. */
export interface SweepProgress {
  sweepId: number;
  pageUrl: string;
}

/**
 * Compares one page of the accounts under the master account with the database. Each tenant that differs is converged:
 * orphans are adopted, duplicates closed, and changes made at Twilio recorded. Accounts without our name are never changed.
 * The next page is enqueued as a job in the same transaction.
 */
export async function sweepPage(progress: SweepProgress | null, dependencies: SweepDependencies): Promise<void> {
  const { db, masterAccountSid } = dependencies;
  const master = await dependencies.accounts.master();
  const accounts = await master.accounts();
  if (progress === null) await requireActiveMaster(master, masterAccountSid);
  const page =
    await (progress === null
      ? accounts.page({ pageSize: dependencies.pageSize ?? 500 })
      : accounts.getPage(progress.pageUrl));
  const sweepId = progress?.sweepId ?? await decide(db, "begin_sweep", {});
  await decide(db, "record_sweep_page", {
    p_sweep_id: sweepId,
    p_accounts: compared(page, masterAccountSid),
    p_next_page_url: page.nextPageUrl ?? null,
  });
  if (!page.nextPageUrl) await finish(sweepId, dependencies);
}

function compared(page: AccountPage, masterAccountSid: string) {
  return page.instances.filter(({ sid }) => sid !== masterAccountSid)
    .map(({ sid, status, friendlyName }) => ({ sid, status, userId: tenantOfName(friendlyName) }));
}

async function finish(sweepId: number, { db, maxSubaccounts, log }: SweepDependencies): Promise<void> {
  let swept;
  do {
    // Each call checks a batch of tenants. A job that dies in between continues where the last batch ended.
    swept = await endSweep(db, { p_sweep_id: sweepId, p_max_subaccounts: maxSubaccounts });
  } while (swept.outcome === "continues");
  const { open_accounts: open, mismatches, missing, strangers } = swept;
  const fields = { open, limit: maxSubaccounts, mismatches, missing, strangers };
  if (swept.outcome === "within") log.info("sweep.done", fields);
  else log.warn(`sweep.limit_${swept.outcome}`, fields);
  if (strangers > 0) log.warn("sweep.strangers", { strangers });
}
