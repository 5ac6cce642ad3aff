import type { Stage } from "../../support/stage.ts";

/** The users with rights after a run. */
export interface Entitled {
  /** The users who may have a subaccount. */
  userIds: readonly string[];
  operatorId: string;
}

/** Describes everything a run left behind without a right to it. */
export async function wrongAfter(
  { twilio, database: { sql }, state }: Stage,
  { userIds, operatorId }: Entitled,
): Promise<string[]> {
  const wrong: string[] = [];
  const { accounts } = await twilio.get("/Accounts.json?PageSize=1000") as {
    accounts: { sid: string; friendly_name: string; status: string }[];
  };
  const open = accounts.filter(({ sid, status }) => sid !== state.twilio.accountSid && status !== "closed");
  for (const { sid, friendly_name: name } of open) {
    if (!userIds.some((id) => name === `switchboard:${id}`)) wrong.push(`account ${sid} "${name}" belongs to no user`);
  }
  for (const id of userIds) {
    const count = open.filter(({ friendly_name: name }) => name === `switchboard:${id}`).length;
    if (count > 1) wrong.push(`${id} has ${count} open accounts`);
  }
  for (const { sid } of [...open, { sid: state.twilio.accountSid }]) {
    const sent = (await twilio.messagesOf(sid)).filter(({ direction }) => direction !== "inbound");
    const ledger = await sql<{ sid: string; times: number }[]>`
      select twilio_message_sid as sid, count(*)::int as times from public.sms_messages
      where direction = 'outbound' and account_sid = ${sid} group by 1`;
    const known = new Map(ledger.map((row) => [row.sid, row.times]));
    for (const message of sent) {
      if (known.get(message.sid) !== 1) {
        wrong.push(`message ${message.sid} is in ${known.get(message.sid) ?? 0} rows of the ledger`);
      }
    }
    const numbers = sid === state.twilio.accountSid ? [] : await twilio.numbersOf(sid);
    const stored = await sql<
      { sid: string }[]
    >`select phone_sid as sid from public.user_twilio_numbers where status = 'active'`;
    for (const number of numbers) {
      if (!stored.some((row) => row.sid === number.sid)) wrong.push(`no row has number ${number.phone_number}`);
    }
  }
  const rows = await sql<{ what: string; n: number }[]>`
    select 'preferences of another user' as what, count(*)::int as n from public.user_preferences where user_id <> all(${[
    ...userIds,
  ]}) and twilio_subaccount_sid is not null
    union all select 'messages of another user', count(*)::int from public.sms_messages where user_id <> all(${[
    ...userIds,
  ]})
    union all select 'audit lines of another operator', count(*)::int from public.audit_log where actor like 'operator:%' and actor <> ${`operator:${operatorId}`}
      and coalesce(details ->> 'reason', '') <> 'offered by the local stack'
    union all select 'leases never released', count(*)::int from private.tenancies where leased_until < now() - interval '1 minute'`;
  return [...wrong, ...rows.filter(({ n }) => n > 0).map(({ what, n }) => `${n} ${what}`)];
}
