import type postgres from "postgres";

/**
 * Moves everything that the sync of usage has stored into the past: days have passed. The clock of Postgres cannot be
 * set.
 */
export async function passUsageDays(sql: postgres.Sql, days: number): Promise<void> {
  const gone = `${days} days`;
  await sql`
    update private.usage_accounts set first_day = first_day - ${days}::int, due_at = due_at - ${gone}::interval,
      rotate_at = rotate_at - ${gone}::interval, active_at = active_at - ${gone}::interval,
      closed_at = closed_at - ${gone}::interval, gone_at = gone_at - ${gone}::interval,
      begun_at = begun_at - ${gone}::interval, pass_began_at = pass_began_at - ${gone}::interval,
      pass_from = pass_from - ${days}::int, pass_next = pass_next - ${days}::int, read_at = read_at - ${gone}::interval,
      read_through = read_through - ${days}::int,
      read_dates = array(select d - ${days}::int from unnest(read_dates) d)`;
  // Far away first: a day may not take the place of another one.
  const far = 100_000;
  await sql`update private.usage_days set day = day - ${far}::int`;
  await sql`update public.twilio_usage set day = day - ${far}::int`;
  await sql`
    update private.usage_days set day = day + ${far - days}::int, read_at = read_at - ${gone}::interval,
      changed_at = changed_at - ${gone}::interval, closed_at = closed_at - ${gone}::interval,
      reopened_at = reopened_at - ${gone}::interval`;
  await sql`update public.twilio_usage set day = day + ${
    far - days
  }::int, refreshed_at = refreshed_at - ${gone}::interval`;
}
