import { randomBytes } from "node:crypto";
import type postgres from "postgres";
import { freshRecipient, type Sender } from "./stage.ts";

// The calls that the functions make for one message, as statements on a direct connection. Change them together with the
// functions' own calls.

export const BODY = "Dear guest, we open on Friday. Reply STOP to hear no more of us.";
const HASH = "b1946ac92492d2347c6235b4d2611184b1946ac92492d2347c6235b4d2611184";
/** High enough never to be reached, but counted. */
const RATE = 100_000_000;

/** A message of the ledger between its steps. */
export interface LedgerMessage {
  id: string;
  sid: string;
  sender: Pick<Sender, "id" | "accountSid">;
}

/** Reserves a message as `send-sms` does. */
export async function reserve(sql: postgres.Sql, sender: Pick<Sender, "id" | "accountSid">): Promise<LedgerMessage> {
  const [row] = await sql`
    select r.outcome::text as outcome, r.message ->> 'id' as id
    from public.reserve_message(${sender.id}, ${crypto.randomUUID()}, ${HASH}, ${freshRecipient()}, 'US', null, ${BODY},
      '{}', 1, 'GSM-7', false, 'AC', '203.0.113.7', ${RATE}, ${RATE}) r`;
  if (row?.["outcome"] !== "reserved") throw new Error(`Cannot reserve a message: ${row?.["outcome"]}`);
  return { id: row["id"], sid: freshSid(), sender };
}

/** Records Twilio's response, or a callback. */
export async function record(sql: postgres.Sql, { id, sid, sender }: LedgerMessage, status: string): Promise<void> {
  const [row] = await sql`
    select r.outcome::text as outcome
    from public.record_message_status(${id}, ${sender.id}, ${sender.accountSid}, ${sid}, ${status}, null, null) r`;
  if (row?.["outcome"] !== "moved") throw new Error(`Cannot record "${status}": ${row?.["outcome"]}`);
}

/** Records the prices of messages of one account, as the job that refreshes messages does. */
export async function recordPrices(sql: postgres.Sql, messages: readonly LedgerMessage[]): Promise<void> {
  const reports = messages.map(({ sid }) => ({ sid, status: "delivered", price: -0.0079, price_unit: "USD" }));
  const [row] = await sql`
    select r.priced from public.record_message_reports(${messages[0]!.sender.accountSid}, ${sql.json(reports)}) r`;
  if (row?.["priced"] !== messages.length) throw new Error(`Recorded ${row?.["priced"]} of ${messages.length} prices`);
}

/** Takes the messages that are due for a look-up, which notes the time of the look-up. Returns how many. */
export async function lookUp(sql: postgres.Sql, limit: number): Promise<number> {
  const rows = await sql`select cardinality(u.sids) as count from public.unfinished_messages(1000, ${limit}) u`;
  return rows.reduce((sum, row) => sum + row["count"], 0);
}

/** The same message in a plain table: one insert. */
export async function bareInsert(sql: postgres.Sql, sender: Pick<Sender, "id" | "accountSid">): Promise<LedgerMessage> {
  const [row] = await sql`
    insert into public.bare_messages (user_id, direction, from_number, to_number, body, media_urls, status, account_sid,
      source, num_segments, encoding, estimated_price, idempotency_key, request_hash)
    values (${sender.id}, 'outbound', '+16282000000', ${freshRecipient()}, ${BODY}, '{}', 'reserved', ${sender.accountSid},
      'subaccount', 1, 'GSM-7', 0.0079, ${crypto.randomUUID()}, ${HASH})
    returning id`;
  return { id: row!["id"], sid: freshSid(), sender };
}

/** The first update, which stores the SID. */
export async function bareRecord(sql: postgres.Sql, { id, sid }: LedgerMessage, status: string): Promise<void> {
  await sql`
    update public.bare_messages set twilio_message_sid = ${sid}, status = ${status}, status_updated_at = now()
    where id = ${id}`;
}

/** The others. */
export async function bareUpdate(sql: postgres.Sql, { id }: LedgerMessage, status: string): Promise<void> {
  await sql`update public.bare_messages set status = ${status}, status_updated_at = now() where id = ${id}`;
}

function freshSid(): string {
  return `SM${randomBytes(16).toString("hex")}`;
}
