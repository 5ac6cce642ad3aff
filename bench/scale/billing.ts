import type postgres from "postgres";
import { cpuNanoseconds, median, progress } from "../measure.ts";
import type { Row } from "../table.ts";
import { type Filled, timeOf } from "./database.ts";

const MESSAGES = 100_000;
const MESSAGES_RUNS = 3;
/** The platform cancels a statement at 8 s, and rating ends after half of that. */
const MOST_RATING_MS = 4_000;
const ROWS = 5_000;
const FEW_ROWS = 500;
/** CPU time that the database may take for each row, beside a call to Stripe of some 200 ms. */
const MOST_ROW_MS = 5;
const BATCH = 100;
const TIMEOUT_MS = 60_000;

/** What one busy tenant costs: a day of 100,000 messages that is rated, and 5,000 rows that wait to be sent. */
export async function billingRows(large: Filled): Promise<Row[]> {
  return [await ratingRow(large), await sendingRow(large)];
}

async function ratingRow(large: Filled): Promise<Row> {
  const { id } = large.active[0]!;
  progress(`Adding a day of ${MESSAGES} messages`);
  await withoutTriggers(large.stack.sql, (sql) => sql`select bench.add_day(${id}, ${MESSAGES})`);
  await large.stack.sql`analyze public.sms_messages`;
  const times: number[] = [];
  for (let run = 0; run < MESSAGES_RUNS; run++) {
    progress(`Rating a day of ${MESSAGES} messages, run ${run + 1} of ${MESSAGES_RUNS}`);
    const rate = { name: "rate_usage", run: (sql: postgres.TransactionSql) => sql`select public.rate_usage(${id})` };
    times.push((await timeOf(large, rate, run, TIMEOUT_MS)).wall);
  }
  return {
    measure: `Rating of a day of ${MESSAGES} messages of one tenant`,
    value: median(times),
    unit: "ms",
    goal: { atMost: MOST_RATING_MS },
  };
}

/** Each batch is a transaction, as it is in the product. */
async function sendingRow(large: Filled): Promise<Row> {
  const perRow: number[] = [];
  for (const [index, rows] of [FEW_ROWS, ROWS].entries()) {
    const { customer } = large.active[index + 1]!;
    progress(`Sending of ${rows} rows of one customer`);
    await withoutTriggers(large.stack.sql, (sql) => sql`select bench.add_rows(${customer}, ${rows})`);
    let sent = 0;
    const before = await cpuNanoseconds([large.pid]);
    for (let fence: number | null = null, last = -1; sent !== last;) {
      last = sent;
      const [batch]: postgres.RowList<{ fence: number; sent: number }[]> = await large.sql`
        select * from bench.send_batch(${customer}, ${fence}, ${BATCH})`;
      fence = batch!.fence;
      sent += batch!.sent;
    }
    const took = (await cpuNanoseconds([large.pid]) - before) / 1e6;
    if (sent !== rows) throw new Error(`Cannot measure the sending of rows: ${sent} of ${rows} were sent`);
    perRow.push(took / rows);
  }
  return {
    measure: `Sending of ${ROWS} rows of one customer, without the calls to Stripe, for each`,
    figures: `${perRow[1]!.toFixed(2)} ms, of ${FEW_ROWS} rows ${perRow[0]!.toFixed(2)} ms`,
    value: perRow[1]!,
    unit: "ms",
    goal: { atMost: MOST_ROW_MS },
  };
}

async function withoutTriggers(
  sql: postgres.Sql,
  write: (sql: postgres.TransactionSql) => postgres.PendingQuery<postgres.Row[]>,
): Promise<void> {
  await sql.begin(async (transaction) => {
    await transaction`set local session_replication_role = replica`;
    await write(transaction);
  });
}
