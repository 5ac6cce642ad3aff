import { median, progress } from "../measure.ts";
import type { Row } from "../table.ts";
import { type Filled, timeOf } from "./database.ts";
import type { Statement } from "./statements.ts";

const DUE = 1_000;
const RUNS = 5;
const TIMEOUT_MS = 120_000;
const MOST_GROWTH = 1.3;

const syncDueUsage: Statement = { name: "sync_due_usage", run: (sql) => sql`select bench.sync_due_usage() as synced` };

/**
 * What the database does to sync the usage of 1,000 due accounts, in the large database beside the small one, in which all
 * accounts are due. Reading at Twilio is left out: it takes the same requests in both.
 */
export async function usageRows(small: Filled, large: Filled): Promise<Row[]> {
  for (const { sql, tenants } of [small, large]) {
    const [row] = await sql`select count(*)::int as due from private.usage_accounts where due_at <= now()`;
    if (row!["due"] !== DUE) throw new Error(`Cannot compare: ${row!["due"]} of ${tenants} accounts are due`);
  }
  const times = { small: [] as number[], large: [] as number[] };
  for (let run = 0; run <= RUNS; run++) {
    progress(`Usage of ${DUE} due accounts, run ${run} of ${RUNS}`);
    for (const [database, values] of [[small, times.small], [large, times.large]] as const) {
      const { cpu } = await timeOf(database, syncDueUsage, run, TIMEOUT_MS);
      if (run > 0) values.push(cpu);
    }
  }
  const [before, after] = [median(times.small), median(times.large)];
  return [{
    measure: `Sync of the usage of ${DUE} due accounts, at ${large.tenants} tenants beside ${small.tenants}`,
    figures: `${after.toFixed(0)} ms : ${before.toFixed(0)} ms`,
    value: after / before,
    goal: { atMost: MOST_GROWTH },
  }];
}
