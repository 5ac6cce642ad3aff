// A dry run says of each recipient what the campaign then does.
import assert from "node:assert/strict";
import fc from "fast-check";
import postgres from "postgres";
import { startTestDatabase } from "../support/test-database.ts";

const TENANT = "a0000000-0000-4000-8000-000000000001";
const SENDER = "+15005550101";
const SITUATIONS = 110;

const country = fc.constantFrom("US", "DE", "FR");
const limit = fc.oneof({ weight: 3, arbitrary: fc.constant(1_000) }, {
  weight: 1,
  arbitrary: fc.integer({ min: 0, max: 14 }),
});
const situation = fc.record({
  status: fc.constantFrom(...Array<string>(10).fill("active"), "suspended", "closed"),
  from: fc.constantFrom(null, null, null, SENDER, SENDER, SENDER, "+15005550199"),
  media: fc.boolean(),
  recipients: fc.array(
    fc.record({
      country,
      optedOut: fc.constantFrom("", "", "", "own", "all", "other sender"),
      name: fc.constantFrom("", "Ann", "x".repeat(150), "ж".repeat(80), "😀".repeat(40)),
    }),
    { minLength: 6, maxLength: 40 },
  ),
  daily: limit,
  /** How many more messages than recipients. */
  monthlyRoom: fc.constantFrom(1_000, 1_000, 1_000, 1_000, -1, 0, 0, 1, 2),
  markup: fc.constantFrom(1, 1.25, 1.0375),
  spend: fc.oneof({ weight: 2, arbitrary: fc.constant(1_000) }, {
    weight: 1,
    arbitrary: fc.integer({ min: 0, max: 60 }).map((cents) => cents / 100),
  }),
  segmentPrice: fc.constantFrom(0.01, 0.03, 0),
  planCountries: fc.constantFrom(null, null, ["US", "DE"]),
  settingsCountries: fc.constantFrom(null, null, ["US"]),
  sentBefore: fc.integer({ min: 0, max: 12 }),
  parts: fc.integer({ min: 1, max: 3 }),
  sendWindow: fc.option(
    fc.record({ from: fc.integer({ min: 0, max: 23 }), to: fc.integer({ min: 0, max: 23 }) }).filter(({ from, to }) =>
      from !== to
    ),
    { freq: 2 },
  ),
  scheduledMinutesAgo: fc.constantFrom(null, null, null, null, null, null, null, 1, 1, 3),
});
type Situation = typeof situation extends fc.Arbitrary<infer Value> ? Value : never;

async function arrange(sql: postgres.TransactionSql, given: Situation): Promise<postgres.JSONValue[]> {
  await sql`insert into auth.users (id, email) values (${TENANT}, 'tenant@dry-run.test')`;
  await sql`
    insert into public.user_preferences (user_id, twilio_subaccount_sid, twilio_subaccount_status,
      twilio_subaccount_auth_token_encrypted) values (${TENANT}, 'AC1', ${given.status}, 'v1.k1.iv.sealed')`;
  await sql`
    insert into public.user_twilio_numbers (user_id, phone_number, phone_sid, is_primary, account_sid, messages_per_second)
    values (${TENANT}, ${SENDER}, 'PN1', true, 'AC1', 5000)`;
  await sql`
    update public.plans set daily_message_limit = ${given.daily}, monthly_message_limit = ${
    given.recipients.length + given.monthlyRoom
  },
      spend_limit = ${given.spend}, segment_price = ${given.segmentPrice}, markup = ${given.markup}, allowed_countries = ${given.planCountries},
      messages_per_second = 5000`;
  await sql`delete from private.message_prices`;
  await sql`insert into private.message_prices (country, channel, source, unit_price) values ('DE', 'sms', 'listed', 0.07), ('US', 'mms', 'charged', 0.02)`;
  await sql`insert into public.messaging_settings (user_id, allowed_countries) values (${TENANT}, ${given.settingsCountries})`;
  await sql`
    insert into public.sms_messages (user_id, direction, from_number, to_number, status, account_sid, source, estimated_price, country)
    select ${TENANT}, 'outbound', ${SENDER}, '+15005559999', 'sent', 'AC1', 'subaccount', 0.01, 'US' from generate_series(1, ${given.sentBefore})`;
  const numberOf = (index: number) => `+1500556${1_000 + index}`;
  for (const [index, { optedOut }] of given.recipients.entries()) {
    if (optedOut === "") continue;
    await sql`
      insert into public.sms_opt_outs (user_id, sender, recipient, keyword)
      values (${optedOut === "all" ? null : TENANT}, ${optedOut === "other sender" ? "+15005550102" : SENDER}, ${
      numberOf(index)
    }, 'stop')`;
  }
  return given.recipients.map(({ country, name }, index) => ({
    position: index,
    to: numberOf(index),
    country,
    variables: { name },
  }));
}

const BODY = "Hello {{name}}";
const scheduled = ({ scheduledMinutesAgo: minutes }: Situation) =>
  minutes === null ? null : new Date(Date.now() - minutes * 60_000);
const two = (hour: number) => `${String(hour).padStart(2, "0")}:00`;
const sendWindow = ({ sendWindow: hours }: Situation) => hours && { from: two(hours.from), to: two(hours.to) };
const media = (given: Situation) => given.media ? ["https://example.test/a.png"] : [];

interface Foretold {
  outcome: string;
  counts: Record<string, { recipients: number; segments: number; price: number }>;
  reached: string | null;
}

function window(sql: postgres.TransactionSql, given: Situation) {
  const hours = sendWindow(given);
  return hours === null ? null : sql.json(hours);
}

/** The dry run, in parts, as `previewCampaign` asks for it. */
async function foretell(sql: postgres.TransactionSql, given: Situation, rows: postgres.JSONValue[]): Promise<Foretold> {
  const size = Math.ceil(rows.length / given.parts);
  const told: Foretold = { outcome: "previewed", counts: {}, reached: null };
  const countries = [...new Set(rows.map((row) => (row as { country: string }).country))];
  for (let first = 0; first < rows.length && told.outcome === "previewed"; first += size) {
    const { recipients = 0, price = 0 } = told.counts["sent"] ?? {};
    const [part] = await sql<
      {
        outcome: string;
        reached: string | null;
        counts: { outcome: string; recipients: number; segments: number | null; price: number | null }[] | null;
      }[]
    >`
      select outcome, reached, counts from public.preview_campaign(${TENANT}, ${given.from}, ${BODY}, ${
      media(given)
    }, ${scheduled(given)},
        ${rows.length}, ${countries}, ${
      sql.json(rows.slice(first, first + size))
    }, ${recipients}, ${price}, ${told.reached}, ${window(sql, given)})`;
    told.outcome = part!.outcome;
    told.reached ??= part!.reached;
    for (const { outcome, recipients, segments, price } of part!.counts ?? []) {
      const sum = told.counts[outcome] ??= { recipients: 0, segments: 0, price: 0 };
      sum.recipients += recipients;
      sum.segments += segments ?? 0;
      sum.price = Math.round((sum.price + (price ?? 0)) * 1e5) / 1e5;
    }
  }
  return told;
}

/** Creates the campaign and lets it run until it ends or waits; then it gets room, and runs to its end. */
async function run(sql: postgres.TransactionSql, given: Situation, rows: postgres.JSONValue[]): Promise<Foretold> {
  const [made] = await sql<{ outcome: string; id: string }[]>`
    select outcome, campaign ->> 'id' as id from public.create_campaign(${TENANT}, 'key', 'hash', null, ${given.from}, ${BODY}, ${
    media(given)
  }, ${scheduled(given)}, ${sql.json(rows)}, 'request', null, null, null, ${window(sql, given)})`;
  if (made!.outcome !== "created") return { outcome: made!.outcome, counts: {}, reached: null };
  const messages = async () =>
    (await sql`select message_id as id from private.campaign_recipients where message_id is not null`).map(({ id }) =>
      id
    );
  await reserveAll(sql, made!.id);
  const [stopped] = await sql`select status_reason from public.campaigns where id = ${made!.id}`;
  const sent = await messages();
  await sql`update public.plans set daily_message_limit = 1000, monthly_message_limit = 1000, spend_limit = 1000`;
  await reserveAll(sql, made!.id);
  const withinHours = await messages();
  await sql`update private.campaign_windows set opens_at = now(), closes_at = now() + interval '1 hour'`;
  await reserveAll(sql, made!.id);
  const counted = await sql<{ outcome: string; recipients: number; segments: number; price: number }[]>`
    select case when r.message_id = any (${sent}) then 'sent' when r.message_id = any (${withinHours}) then 'over_limit'
        when r.message_id is not null then 'outside_window' else coalesce(r.skip_reason::text, 'nothing') end as outcome,
      count(*)::int as recipients, coalesce(sum(m.num_segments), 0)::int as segments,
      coalesce(sum(m.tenant_price), 0)::float8 as price
    from private.campaign_recipients r left join public.sms_messages m on m.id = r.message_id
    where r.campaign_id = ${made!.id} group by 1`;
  return {
    outcome: "previewed",
    counts: Object.fromEntries(counted.map(({ outcome, ...counts }) => [outcome, counts])),
    reached: sent.length < withinHours.length ? stopped!["status_reason"] : null,
  };
}

async function reserveAll(sql: postgres.TransactionSql, campaignId: string): Promise<void> {
  for (let outcome = "reserved"; outcome === "reserved";) {
    await sql`delete from private.send_rates`;
    const [batch] = await sql`select outcome from public.reserve_campaign_batch(${campaignId}, ${TENANT}, 1, 7)`;
    outcome = batch!["outcome"];
  }
}

Deno.test("a dry run predicts what the campaign does with its recipients, and changes nothing", async () => {
  await using database = await startTestDatabase();
  const sql = postgres(database.url, { max: 1, onnotice: () => {} });
  const seen = new Set<string>();
  for (const given of [...fc.sample(situation, { numRuns: SITUATIONS, seed: 11 }), ...fc.sample(situation, 40)]) {
    await undone(sql.begin(async (tx) => {
      const rows = await arrange(tx, given);
      let told: Foretold = { outcome: "", counts: {}, reached: null };
      await undone(tx.savepoint(async (readOnly) => {
        await readOnly`set local transaction_read_only = on`;
        told = await foretell(readOnly, given, rows);
        throw new Undo();
      }));
      const done = await run(tx, given, rows);
      assert.deepEqual(told, done, JSON.stringify(given));
      [told.outcome, told.reached ?? "", ...Object.keys(told.counts)].forEach((one) => seen.add(one));
      throw new Undo();
    }));
  }
  for (
    const expected of [
      ...["sent", "over_limit", "opted_out", "destination_refused", "daily_limit_reached", "monthly_limit_reached"],
      ...["spend_limit_reached", "suspended", "closed", "number_not_owned", "too_many_recipients", "scheduled_in_past"],
    ]
  ) assert.ok(seen.has(expected), `no situation of ${SITUATIONS} led to ${expected}`);
  await sql.end();
});

class Undo extends Error {}

async function undone(transaction: Promise<unknown>): Promise<void> {
  await transaction.catch((error) => {
    if (!(error instanceof Undo)) throw error;
  });
}
