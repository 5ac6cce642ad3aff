import assert from "node:assert/strict";
import postgres from "postgres";
import { startTestDatabase } from "../support/test-database.ts";

const TENANT = "a0000000-0000-4000-8000-000000000001";
const SENDER = "+15005550101";
/** The send rate of a number: one message a second. */
const BATCH = 1;
/** reserve_campaign_batch checks 200 recipients more than it may send to. */
const LOOK_AHEAD = 200;

async function makeTenant(sql: postgres.Sql): Promise<void> {
  await sql`insert into auth.users (id, email) values (${TENANT}, 'tenant@cost.test')`;
  await sql`
    insert into public.user_preferences (user_id, twilio_subaccount_sid, twilio_subaccount_status,
      twilio_subaccount_auth_token_encrypted) values (${TENANT}, 'AC1', 'active', 'v1.k1.iv.sealed')`;
  await sql`
    insert into public.user_twilio_numbers (user_id, phone_number, phone_sid, is_primary, account_sid)
    values (${TENANT}, ${SENDER}, 'PN1', true, 'AC1')`;
  await sql`update public.plans set daily_message_limit = 100000, monthly_message_limit = 100000, spend_limit = 1000`;
}

/** Creates a campaign to `count` numbers that begin with `prefix`. Returns its id. */
async function makeCampaign(sql: postgres.Sql, prefix: string, count: number): Promise<string> {
  const recipients = Array.from({ length: count }, (_, index) => {
    return { position: index, to: `${prefix}${10_000 + index}`, country: "US", variables: null };
  });
  const [created] = await sql<{ id: string }[]>`
    select campaign ->> 'id' as id from public.create_campaign(${TENANT}, ${prefix}, 'hash', null, ${SENDER}, 'Hi', '{}', null,
      ${sql.json(recipients)}, 'request', null, null, null)`;
  return created!.id;
}

/** Reserves a batch regardless of the send rate. Returns how often it asked whether a recipient has opted out. */
async function reserveBatch(sql: postgres.Sql, campaignId: string): Promise<number> {
  return await sql.begin(async (tx) => {
    await tx`set local track_functions = 'pl'`;
    await tx`delete from private.send_rates`;
    const before = await callsSoFar(tx);
    const [batch] = await tx`select outcome from public.reserve_campaign_batch(${campaignId}, ${TENANT}, 1, ${BATCH})`;
    assert.equal(batch?.["outcome"], "reserved");
    return await callsSoFar(tx) - before;
  });
}

/** Counts of earlier transactions may be among them until Postgres has published those. */
async function callsSoFar(tx: postgres.TransactionSql): Promise<number> {
  const [counted] = await tx<{ calls: number }[]>`
    select calls::int from pg_stat_xact_user_functions where schemaname = 'private' and funcname = 'has_opted_out'`;
  return counted?.calls ?? 0;
}

// The planner once joined each recipient of the campaign with each one of the batch and asked for every pair: 7 seconds for
// 10,000 recipients, after statistics that were collected while a small campaign ran.
Deno.test("a batch asks for the opt-out of each recipient it checks once, also with statistics of a smaller campaign", async () => {
  await using database = await startTestDatabase();
  const sql = postgres(database.url, { max: 1, onnotice: () => {} });
  await makeTenant(sql);
  const small = await makeCampaign(sql, "+15005", 60);
  for (let batch = 0; batch < 3; batch++) await reserveBatch(sql, small);
  for (
    const table of ["private.campaign_recipients", "public.sms_messages", "public.sms_opt_outs", "public.campaigns"]
  ) {
    await sql.unsafe(`analyze ${table}`);
  }
  const large = await makeCampaign(sql, "+15006", 2_000);
  for (let batch = 0; batch < 7; batch++) {
    assert.equal(await reserveBatch(sql, large), BATCH + LOOK_AHEAD, `batch ${batch}`);
  }
  await sql.end();
});
