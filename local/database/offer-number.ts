import type postgres from "postgres";
import type { Log } from "../log.ts";

/**
 * Offers the first number of the master account to users without a subaccount, as an operator would, unless a number was
 * offered or withdrawn before. A project without shared numbers is left alone.
 */
export async function offerFirstNumber(sql: postgres.Sql, log: Log): Promise<void> {
  const [known] = await sql`select to_regclass('private.master_numbers') is not null as known`;
  if (!known!["known"]) return;
  const [offered] = await sql`
    select phone_number, public.offer_number(phone_number, true, o.id, 'offered by the local stack', null) as outcome
    from (select phone_number from private.master_numbers order by phone_number limit 1) m, auth.users o
    where o.email = 'operator@switchboard.test'
      and not exists (select from public.audit_log l where l.action in ('number.offered', 'number.withdrawn'))`;
  if (offered?.["outcome"] === "changed") log(`Offered ${offered["phone_number"]} to users without a subaccount`);
}
