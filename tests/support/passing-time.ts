import type postgres from "postgres";

/** The tables that time passes in, of usage and of the ledger. */
const TABLES = [
  ...["private.usage_accounts", "private.usage_days", "public.twilio_usage", "private.days_to_reconcile"],
  ...["private.reconciliations", "public.sms_messages", "private.awaited_reports", "private.number_purchases"],
  ...["public.user_twilio_numbers", "private.fees", "public.operator_alerts"],
];

/**
 * Moves what the sync of usage has stored, and the ledger, into the past: days have passed. The clock of Postgres cannot
 * be set.
 */
export async function passUsageDays(sql: postgres.Sql, days: number): Promise<void> {
  await sql.begin(async (sql) => {
    await sql`set local session_replication_role = replica`; // aging a row must not run triggers
    // Far away first: a day may not take the place of another one.
    for (const gone of [-100_000, 100_000 + days]) {
      for (const table of TABLES) {
        const columns = await sql<{ name: string; type: string }[]>`
          select attname as name, atttypid::regtype::text as type from pg_attribute
          where attrelid = ${table}::regclass and attnum > 0 and not attisdropped and attgenerated = ''
            and atttypid in ('timestamptz'::regtype, 'date'::regtype, 'date[]'::regtype)`;
        const moved = columns.map(({ name, type }) =>
          `${name} = ` +
          (type === "date"
            ? `${name} - ${gone}`
            : type === "date[]"
            ? `array(select d - ${gone} from unnest(${name}) d)`
            : `${name} - interval '${gone} days'`)
        );
        await sql.unsafe(`update ${table} set ${moved.join(", ")}`);
      }
    }
  });
}
