import type postgres from "postgres";
import type { TwilioSide } from "../driver/twilio-side.ts";
import type { PlannedMessage } from "./traffic.ts";

/** A tenant whose past is written. */
export interface PastTenant {
  userId: string;
  accountSid: string;
}

/** How many messages are given to Twilio at once. */
const AT_ONCE = 8;
/** Twilio's last word on a price comes within this time: of older messages nothing is awaited. */
const PRICE_FINAL_AFTER = "27 hours";

/**
 * Puts messages of the past into Twilio with their charges, and into the ledger as Twilio reported them. The triggers of the
 * ledger count them, so that totals, conversations and the search know them.
 */
export async function writePast(
  sql: postgres.Sql,
  twilio: TwilioSide,
  { userId, accountSid }: PastTenant,
  messages: readonly PlannedMessage[],
): Promise<void> {
  const [plan] = await sql<{ key: string; markup: string }[]>`select key, markup from private.plan_of(${userId})`;
  const rows: Record<string, postgres.SerializableParameter>[] = [];
  for (let first = 0; first < messages.length; first += AT_ONCE) {
    rows.push(
      ...await Promise.all(
        messages.slice(first, first + AT_ONCE).map(async (message) => {
          const isInbound = message.direction === "inbound";
          const [from, to] = isInbound ? [message.peer, message.own] : [message.own, message.peer];
          const at = message.at.toISOString();
          const { sid, price, price_unit, num_segments } = await twilio.oldMessage({
            ...{ accountSid, from, to, at, body: message.body, status: message.status },
            direction: isInbound ? "inbound" : "outbound-api",
            ...(message.errorCode !== null && { errorCode: message.errorCode }),
          });
          return {
            ...{ user_id: userId, direction: message.direction, from_number: from, to_number: to, body: message.body },
            ...{ status: message.status, error_code: message.errorCode, account_sid: accountSid, source: "subaccount" },
            ...{ twilio_message_sid: sid, price: String(price), price_unit: String(price_unit).toUpperCase() },
            ...{
              num_segments: Number(num_segments),
              encoding: /^[\x20-\x7e]*$/.test(message.body) ? "GSM-7" : "UCS-2",
            },
            ...{ country: isInbound ? null : "US", markup: plan!.markup, plan_key: plan!.key },
            ...{ created_at: message.at, sent_at: message.at, status_updated_at: message.at },
          };
        }),
      ),
    );
  }
  if (rows.length === 0) return;
  await sql.begin(async (sql) => {
    await sql`insert into public.sms_messages ${sql(rows)}`;
    await sql`
      delete from private.awaited_reports r using public.sms_messages m
      where m.id = r.message_id and m.user_id = ${userId} and m.created_at < now() - ${PRICE_FINAL_AFTER}::interval`;
  });
}

/** Changes dates of the past: nothing happens now, so no trigger may run. */
export async function withoutTriggers(
  sql: postgres.Sql,
  change: (sql: postgres.TransactionSql) => Promise<void>,
): Promise<void> {
  await sql.begin(async (sql) => {
    await sql`set local session_replication_role = replica`;
    await change(sql);
  });
}

/** The dates of what a tenant does when they begin: sign up, subscribe, buy numbers. */
const BEGINNINGS: Readonly<Record<string, { of: string; columns: readonly string[] }>> = {
  "auth.users": { of: "id", columns: ["created_at", "email_confirmed_at", "last_sign_in_at"] },
  "public.audit_log": { of: "user_id", columns: ["at"] },
  "public.user_preferences": { of: "user_id", columns: ["created_at", "updated_at", "twilio_subaccount_created_at"] },
  "private.tenancies": {
    of: "user_id",
    columns: ["created_at", "requested_at", "create_attempted_at", "last_created_at", "converged_at"],
  },
  "public.subscriptions": { of: "user_id", columns: ["created_at", "updated_at"] },
  "public.user_twilio_numbers": { of: "user_id", columns: ["created_at", "updated_at", "purchased_at"] },
  "private.number_purchases": { of: "user_id", columns: ["reserved_at", "next_fee_at"] },
};

/**
 * Moves what a tenant has done until now to the time at which they did it: `seconds` ago. Their numbers are charged, in the
 * ledger and at Twilio, on the anniversaries of the purchase.
 */
export async function moveBeginning(
  sql: postgres.Sql,
  twilio: TwilioSide,
  { userId, accountSid }: PastTenant,
  seconds: number,
): Promise<void> {
  const gone = `${seconds} seconds`;
  await sql`
    update private.fees f set charged_at = f.charged_at - ${gone}::interval,
      key = f.number_id || to_char((f.charged_at - ${gone}::interval) at time zone 'UTC', ' YYYY-MM-DD"T"HH24:MI:SS.US')
    where f.user_id = ${userId} and f.kind = 'number'`;
  await withoutTriggers(sql, async (sql) => {
    for (const [table, { of, columns }] of Object.entries(BEGINNINGS)) {
      const moved = columns.map((column) => `${column} = ${column} - interval '${gone}'`);
      await sql.unsafe(`update ${table} set ${moved.join(", ")} where ${of} = $1`, [userId]);
    }
    await sql`
      update private.number_purchases p set next_fee_at = private.fee_date(p.reserved_at, p.fees)
      where p.user_id = ${userId} and p.next_fee_at < 'infinity'`;
    await sql`
      update private.usage_accounts a set first_day = private.utc_day(now() - ${gone}::interval), due_at = now()
      where a.account_sid = ${accountSid}`;
  });
  const at = new Date(Date.now() - seconds * 1000);
  await twilio.changeAccount(accountSid, { createdAt: at.toISOString() });
  const numbers = await sql<{ phone_sid: string; purchased_at: Date }[]>`
    select phone_sid, purchased_at from public.user_twilio_numbers where user_id = ${userId} and phone_sid is not null`;
  for (const { phone_sid, purchased_at } of numbers) await twilio.boughtAt(phone_sid, purchased_at.toISOString());
}

/**
 * Moves messages that were just sent or received into the past, at Twilio and here, with their conversations. The time
 * between them stays the same.
 */
export async function moveMessages(
  sql: postgres.Sql,
  twilio: TwilioSide,
  userId: string,
  messageIds: string[],
  seconds: number,
): Promise<void> {
  const gone = `${seconds} seconds`;
  const moved = await sql.begin(async (sql) => {
    const moved = await sql<{ twilio_message_sid: string | null; created_at: Date }[]>`
      update public.sms_messages set created_at = created_at - ${gone}::interval, sent_at = sent_at - ${gone}::interval,
        status_updated_at = status_updated_at - ${gone}::interval
      where id = any (${messageIds}) returning twilio_message_sid, created_at`;
    await sql`update private.awaited_reports set due_at = now() where message_id = any (${messageIds})`;
    await sql`
      update public.sms_conversations c set last_message_at = m.last_at
      from (select own_number, peer_number, max(created_at) as last_at from public.sms_messages
        where user_id = ${userId} group by 1, 2) m
      where c.user_id = ${userId} and (c.own_number, c.peer_number) = (m.own_number, m.peer_number)
        and c.last_message_at <> m.last_at`;
    return moved;
  });
  for (const { twilio_message_sid: sid, created_at } of moved) {
    if (sid !== null) await twilio.changeMessage(sid, { at: created_at.toISOString() });
  }
}
