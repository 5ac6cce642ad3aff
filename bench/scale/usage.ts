import { median, progress } from "../measure.ts";
import type { Row } from "../table.ts";
import { type Filled, timeOf } from "./database.ts";
import type { Statement } from "./statements.ts";

const DUE = 1_000;
const RUNS = 5;
const TIMEOUT_MS = 120_000;
const MOST_GROWTH = 1.3;

/** Work of the database for all tenants that are due: as many in the large database as in the small one. */
interface DueWork {
  statement: Statement;
  /** For the table, without the number of those that are due. */
  what: string;
  count(database: Filled): Promise<number>;
}

/** Reading at Twilio is left out: it takes the same requests in both databases. */
const usage: DueWork = {
  statement: { name: "sync_due_usage", run: (sql) => sql`select bench.sync_due_usage() as synced` },
  what: "Sync of the usage of",
  count: async ({ sql }) => {
    const [row] = await sql`select count(*)::int as due from private.usage_accounts where due_at <= now()`;
    return row!["due"];
  },
};
const rating: DueWork = {
  statement: { name: "rate_due_usage", run: (sql) => sql`select bench.rate_due_usage() as rated` },
  what: "Rating of the usage of",
  count: async ({ sql }) => {
    const [row] =
      await sql`select count(*)::int as due from private.due_work where kind = 'rating' and due_at <= now()`;
    return row!["due"];
  },
};

/** What the database does for 1,000 due tenants, in the large database beside the small one, in which all are due. */
export async function usageRows(small: Filled, large: Filled): Promise<Row[]> {
  return [await dueRow(usage, small, large), await dueRow(rating, small, large)];
}

async function dueRow({ statement, what, count }: DueWork, small: Filled, large: Filled): Promise<Row> {
  for (const database of [small, large]) {
    const due = await count(database);
    if (due !== DUE) throw new Error(`Cannot compare ${statement.name}: ${due} of ${database.tenants} tenants are due`);
  }
  const times = { small: [] as number[], large: [] as number[] };
  for (let run = 0; run <= RUNS; run++) {
    progress(`${what} ${DUE} due tenants, run ${run} of ${RUNS}`);
    for (const [database, values] of [[small, times.small], [large, times.large]] as const) {
      const { cpu } = await timeOf(database, statement, run, TIMEOUT_MS);
      if (run > 0) values.push(cpu);
    }
  }
  const [before, after] = [median(times.small), median(times.large)];
  return {
    measure: `${what} ${DUE} due tenants, at ${large.tenants} tenants beside ${small.tenants}`,
    figures: `${after.toFixed(0)} ms : ${before.toFixed(0)} ms`,
    value: after / before,
    goal: { atMost: MOST_GROWTH },
  };
}
