import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import postgres from "postgres";
import { eventually } from "../../local/driver/eventually.ts";
import { startTestDatabase, type TestDatabase } from "../support/test-database.ts";

/** The number of concurrent callers, each on its own connection. */
const CALLERS = 8;

let database: TestDatabase;
let sql: postgres.Sql;

Deno.test.beforeAll(async () => {
  database = await startTestDatabase();
  sql = postgres(database.url, { max: CALLERS, onnotice: () => {} });
  await sql`update private.schedules set due_at = now() + interval '1 day'`;
});
Deno.test.afterAll(async () => {
  await sql.end();
  await database[Symbol.asyncDispose]();
});

/** The connections outlive a test, so its sanitizers are off. */
function test(title: string, body: () => Promise<void>): void {
  Deno.test(title, { sanitizeOps: false, sanitizeResources: false }, body);
}

/** Creates a user with an active subaccount and their own plan. */
async function tenant(
  limits: { numbers?: number; purchasesPerDay?: number; messagesPerDay?: number; spend?: number } = {},
): Promise<string> {
  const id = crypto.randomUUID();
  await sql.begin(async (tx) => {
    await tx`insert into auth.users (id, email) values (${id}, ${`${id}@concurrency.test`})`;
    await tx`insert into public.user_preferences (user_id, twilio_subaccount_sid, twilio_subaccount_status, twilio_subaccount_auth_token_encrypted)
      values (${id}, ${`AC${id}`}, 'active', 'v1.k1.iv.sealed')`;
    const { numbers = 100, purchasesPerDay = 100, messagesPerDay = 100, spend = 1000 } = limits;
    await tx`insert into public.plans (key, name, rank, max_numbers, max_purchases_per_day, max_purchases_per_month,
        daily_message_limit, monthly_message_limit, spend_limit)
      values (${id}, 'Test', ${randomInt(1000, 2 ** 31)}, ${numbers}, ${purchasesPerDay}, 100, ${messagesPerDay}, 1000,
        ${spend})`;
    await tx`insert into public.subscriptions (id, user_id, stripe_customer_id, plan_key, status) values (${id}, ${id}, ${id}, ${id}, 'active')`;
  });
  return id;
}

/** Runs `decide` for all callers at once, as service_role, and counts the outcomes. */
async function outcomes(
  decide: (tx: postgres.TransactionSql, caller: number) => Promise<string>,
): Promise<Record<string, number>> {
  const decisions = await Promise.all(Array.from({ length: CALLERS }, (_, caller) =>
    sql.begin(async (tx) => {
      await tx`set local role service_role`;
      return await decide(tx, caller);
    })));
  const counts: Record<string, number> = {};
  for (const outcome of decisions) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}

const phoneNumber = () => `+1500${Math.floor(1e9 + Math.random() * 9e9)}`;

function reserveMessage(tx: postgres.TransactionSql, userId: string, from: string, key: string) {
  return tx`select outcome from public.reserve_message(${userId}, ${key}, 'hash', '+15005550199', 'US', ${from}, 'Hi', '{}', 1, 'GSM-7', false, 'AC0')`
    .then((rows) => rows[0]!.outcome as string);
}

/** Replies to HELP are one more way to spend. */
async function settings(userId: string): Promise<void> {
  await sql`insert into public.messaging_settings (user_id, help_reply) values (${userId}, 'Call us')`;
}

/** A number that a sync found in a tenant's account. */
const takenIn = () => ({
  phoneNumber: phoneNumber(),
  phoneSid: `PN${crypto.randomUUID()}`,
  friendlyName: "Found",
  capabilities: { sms: true },
});

async function ownNumber(userId: string): Promise<string> {
  const number = phoneNumber();
  await sql`insert into public.user_twilio_numbers (user_id, phone_number, phone_sid) values (${userId}, ${number}, ${`PN${crypto.randomUUID()}`})`;
  return number;
}

test("begin_convergence, called concurrently, gives one caller the lease", async () => {
  const userId = await tenant();
  const counts = await outcomes(async (tx) =>
    (await tx`select outcome from public.begin_convergence(${userId}, 60)`)[0]!.outcome
  );
  assert.deepEqual(counts, { leased: 1, busy: CALLERS - 1 });
});

test("Due work that is claimed concurrently is claimed once, and by all callers within the limit of each", async () => {
  const kind = "redaction";
  const dueIds = Array.from({ length: 20 }, () => crypto.randomUUID());
  await sql`insert into private.due_work ${sql(dueIds.map((user_id) => ({ user_id, kind, due_at: new Date(0) })))}`;
  const claimed = await Promise.all(Array.from({ length: CALLERS }, () =>
    sql.begin(async (tx) => {
      await tx`set local lock_timeout = '50ms'`; // no claim waits for another
      const rows = await tx`select claim from private.claim_due(${kind}, 5, '1 hour') claim`;
      await tx`select pg_sleep(0.1)`; // the claims overlap
      return rows.map((row) => row["claim"] as string);
    })));
  assert.deepEqual(claimed.flat().sort(), dueIds.sort());
  assert.ok(claimed.every((ids) => ids.length <= 5));
  await sql`delete from private.due_work where user_id in ${sql(dueIds)}`;
});

test("A drift check beside convergences that end and facts that change waits for none and leaves every tenant a date", async () => {
  const ids = await Promise.all(Array.from({ length: CALLERS }, () => tenant()));
  await Promise.all(ids.map((id) => sql`insert into private.tenancies (user_id) values (${id})`));
  let stop = false;
  const ticks = (async () => {
    while (!stop) {
      await sql`update private.due_work set due_at = now() where user_id in ${sql(ids)} and kind = 'convergence'`;
      await sql`select from public.ask_for_drifted_convergence(100)`;
    }
  })();
  const work = ids.slice(1).map(async (id) => {
    for (let round = 0; round < 20; round++) {
      const [lease] = await sql`select fence, version from public.begin_convergence(${id}, 60)`;
      await Promise.all([
        sql`select public.end_convergence(${id}, ${lease!.fence}, ${lease!.version})`,
        sql`select public.hold_tenant(${id}, 'suspended', ${id}, 'req', 'test')`,
        sql`update public.subscriptions set status = ${round % 2 ? "active" : "paused"} where user_id = ${id}`,
      ]);
    }
  });
  const finished = await Promise.allSettled(work).finally(() => stop = true);
  await ticks;
  assert.deepEqual(finished.filter(({ status }) => status === "rejected"), []);
  const [dated] = await sql<{ tenants: number }[]>`
    select count(*)::int as tenants from private.due_work where kind = 'convergence' and user_id in ${sql(ids)}`;
  assert.equal(dated?.tenants, ids.length);
});

test("A holder with an expired lease writes before the next lease is taken, or is fenced", async () => {
  const userId = await tenant();
  const [lease] = await sql`select fence from public.begin_convergence(${userId}, -1)`;
  const counts = await outcomes(async (tx, caller) => {
    if (caller > 0) return (await tx`select outcome from public.begin_convergence(${userId}, 60)`)[0]!.outcome;
    const [row] = await tx`select public.note_create_attempt(${userId}, ${lease!.fence}, 100000) as outcome`;
    const [now] = await tx`select fence from private.tenancies where user_id = ${userId}`;
    return row!.outcome === "fenced" || now!.fence === lease!.fence ? "in order" : "out of order";
  });
  assert.deepEqual(counts, { "in order": 1, leased: 1, busy: CALLERS - 2 });
});

test("reserve_number, called concurrently for one number, reserves it for one buyer", async () => {
  const buyers = await Promise.all(Array.from({ length: CALLERS }, () => tenant()));
  const number = phoneNumber();
  const counts = await outcomes(async (tx, caller) =>
    (await tx`select outcome from public.reserve_number(${buyers[caller]!}, ${number}, null, 1.15)`)[0]!.outcome
  );
  assert.deepEqual(counts, { reserved: 1, taken: CALLERS - 1 });
});

test("Concurrent purchases of one tenant stay within their quota", async () => {
  const userId = await tenant({ numbers: 3 });
  const counts = await outcomes(async (tx) =>
    (await tx`select outcome from public.reserve_number(${userId}, ${phoneNumber()}, null, 1.15)`)[0]!.outcome
  );
  assert.deepEqual(counts, { reserved: 3, limit_reached: CALLERS - 3 });
});

test("Concurrent purchases of one tenant stay within the purchases of a day", async () => {
  const userId = await tenant({ purchasesPerDay: 3 });
  const counts = await outcomes(async (tx) =>
    (await tx`select outcome from public.reserve_number(${userId}, ${phoneNumber()}, null, 1.15)`)[0]!.outcome
  );
  assert.deepEqual(counts, { reserved: 3, daily_limit_reached: CALLERS - 3 });
});

test("Concurrent purchases and messages of one tenant stay within the spend limit together", async () => {
  const userId = await tenant({ spend: 1.2 });
  const from = await ownNumber(userId);
  const counts = await outcomes(async (tx, caller) =>
    caller % 2 === 0
      ? (await tx`select outcome from public.reserve_number(${userId}, ${phoneNumber()}, null, 1.195)`)[0]!.outcome
      : await reserveMessage(tx, userId, from, crypto.randomUUID())
  );
  // Either one number, or messages at a cent each.
  const [{ spent }] = await sql`select spend_used as spent from private.limits_of(${userId})` as unknown as [
    { spent: string },
  ];
  assert.ok(Number(spent) <= 1.2, spent);
  assert.ok([1, CALLERS / 2].includes(counts["reserved"] ?? 0), JSON.stringify(counts));
});

test("record_number, called concurrently for a tenant's first numbers, makes one primary", async () => {
  const userId = await tenant();
  const ids = await Promise.all(
    Array.from(
      { length: CALLERS },
      async () =>
        (await sql`select number_id from public.reserve_number(${userId}, ${phoneNumber()}, null, 1.15)`)[0]!
          .number_id as string,
    ),
  );
  const counts = await outcomes(async (tx, caller) => {
    const sid = `PN${crypto.randomUUID()}`;
    const [row] = await tx`select (number ->> 'is_primary')::boolean as is_primary from public.record_number(${ids[
      caller
    ]!}, ${sid}, 'x', '{}', null)`;
    return row!.is_primary ? "primary" : "not primary";
  });
  assert.deepEqual(counts, { primary: 1, "not primary": CALLERS - 1 });
});

test("Concurrent releases of one number are begun once and recorded once, and another number becomes primary", async () => {
  const userId = await tenant();
  const [going, staying] = [await ownNumber(userId), await ownNumber(userId)];
  const [row] = await sql`
    update public.user_twilio_numbers set is_primary = phone_number = ${going} where user_id = ${userId} and phone_number = ${going} returning id`;
  const id = row!.id as string;
  const begun = await outcomes(async (tx) =>
    (await tx`select outcome from public.begin_number_release(${userId}, ${id}, ${going})`)[0]!.outcome
  );
  assert.deepEqual(begun, { begun: 1, releasing: CALLERS - 1 });
  const recorded = await outcomes(async (tx) =>
    (await tx`select outcome from public.record_number_release(${id}, null)`)[0]!.outcome
  );
  assert.deepEqual(recorded, { recorded: 1, already: CALLERS - 1 });
  const [primary] =
    await sql`select phone_number from public.user_twilio_numbers where user_id = ${userId} and is_primary`;
  assert.equal(primary?.phone_number, staying);
});

test("set_primary_number, called concurrently for several numbers, leaves one primary", async () => {
  const userId = await tenant();
  const numbers = await Promise.all(Array.from({ length: CALLERS }, () => ownNumber(userId)));
  const rows = await sql`select id from public.user_twilio_numbers where phone_number in ${sql(numbers)}`;
  const counts = await outcomes(async (tx, caller) =>
    (await tx`select outcome from public.set_primary_number(${userId}, ${rows[caller]!.id}, null)`)[0]!.outcome
  );
  assert.deepEqual(counts, { set: CALLERS });
  const [{ n }] =
    await sql`select count(*)::int as n from public.user_twilio_numbers where user_id = ${userId} and is_primary` as [
      { n: number },
    ];
  assert.equal(n, 1);
});

test("record_number_sync, called concurrently for one number in several accounts, gives it to one tenant", async () => {
  const owners = await Promise.all(Array.from({ length: CALLERS }, () => tenant()));
  const listed = {
    phoneSid: `PN${crypto.randomUUID()}`,
    phoneNumber: phoneNumber(),
    friendlyName: "x",
    capabilities: {},
  };
  const changes = [{ change: "appeared", number: listed }];
  const counts = await outcomes(async (tx, caller) => {
    const userId = owners[caller]!;
    try {
      return (await tx`select outcome from public.record_number_sync(${userId}, ${`AC${userId}`}, now(), ${
        tx.json(changes)
      }, 'sync', null)`)[0]!.outcome;
    } catch (error) {
      if ((error as { code?: string }).code === "23505") return "held"; // the job retries
      throw error;
    }
  });
  assert.deepEqual(counts, { appeared: 1, held: CALLERS - 1 });
});

test("reserve_message, called concurrently under one key, reserves one message", async () => {
  const userId = await tenant();
  const from = await ownNumber(userId);
  assert.deepEqual(await outcomes((tx) => reserveMessage(tx, userId, from, "key")), {
    reserved: 1,
    duplicate: CALLERS - 1,
  });
});

test("a message and a campaign that wait for their tenant's lock keep no neighbour of the same address waiting", async () => {
  const [ada, ben] = [await tenant(), await tenant()];
  const numbers = { [ada]: await ownNumber(ada), [ben]: await ownNumber(ben) };
  const address = "192.0.2.77";
  const send = (tx: postgres.TransactionSql, userId: string) =>
    tx`select outcome from public.reserve_message(${userId}, ${crypto.randomUUID()}, 'hash', '+15005550199', 'US',
      ${numbers[userId]!}, 'Hi', '{}', 1, 'GSM-7', false, 'AC0', ${address}, 100, 1000)`;
  const sendBulk = (tx: postgres.TransactionSql, userId: string) =>
    tx`select outcome from public.create_campaign(${userId}, ${crypto.randomUUID()}, 'hash', null, ${numbers[
      userId
    ]!}, 'Hi',
      '{}', null, '[{"position": 0, "to": "+15005550199", "country": "US", "body": "Hi"}]', 'req', ${address}, 100, 1000)`;
  for (const deed of [send, sendBulk]) {
    let waiting: Promise<postgres.Row> | undefined;
    await sql.begin(async (holder) => {
      await holder`select private.lock_sending(${ada})`;
      waiting = sql.begin(async (tx) => (await deed(tx, ada))[0]!);
      await eventually("the tenant's own request to wait", async () => {
        const waiters = await holder`select from pg_catalog.pg_locks where not granted`;
        return waiters.length > 0;
      });
      const [row] = await sql.begin(async (tx) => {
        await tx`set local lock_timeout = '1s'`;
        return await deed(tx, ben);
      });
      assert.ok(["reserved", "created"].includes(row!["outcome"]), row!["outcome"]);
    });
    assert.ok(["reserved", "created"].includes((await waiting!)["outcome"]));
  }
});

test("Concurrent messages of one tenant stay within the daily limit", async () => {
  const userId = await tenant({ messagesPerDay: 3 });
  const from = await ownNumber(userId);
  const counts = await outcomes((tx) => reserveMessage(tx, userId, from, crypto.randomUUID()));
  assert.deepEqual(counts, { reserved: 3, daily_limit_reached: CALLERS - 3 });
});

/** Creates a user without a subaccount, with a confirmed address. */
async function visitor(): Promise<string> {
  const id = crypto.randomUUID();
  await sql`insert into auth.users (id, email, email_confirmed_at) values (${id}, ${`${id}@concurrency.test`}, now())`;
  return id;
}

const throughMaster = (tx: postgres.Sql | postgres.TransactionSql, userId: string) =>
  tx`select outcome from public.reserve_message(${userId}, ${crypto.randomUUID()}, 'hash', '+14155550199', 'US', null,
      'Hi', '{}', 1, 'GSM-7', true, 'AC0')`.then((rows) => rows[0]!["outcome"] as string);

test("Concurrent messages of many users through the shared numbers stay within the limit of all together", async () => {
  await sql`insert into private.master_numbers (phone_sid, phone_number, is_offered) values ('PN0', '+15005550000', true)
    on conflict do nothing`;
  await sql`delete from private.fallback_usage`;
  await sql`update private.fallback_limits set daily_messages = 3, daily_messages_per_recipient = 100`;
  const users = await Promise.all(Array.from({ length: CALLERS }, visitor));
  const counts = await outcomes((tx, caller) => throughMaster(tx, users[caller]!));
  assert.deepEqual(counts, { reserved: 3, fallback_limit_reached: CALLERS - 3 });
  await sql`update private.fallback_limits set daily_messages = 100`;
});

test("A user of the shared numbers whose own decisions wait delays no other user", async () => {
  const [slow, other] = [await visitor(), await visitor()];
  const waiting = Promise.withResolvers<string>();
  await sql.begin(async (tx) => {
    await tx`select private.lock_sending(${slow})`;
    throughMaster(sql, slow).then(waiting.resolve, waiting.reject);
    assert.equal(await throughMaster(sql, other), "reserved");
  });
  assert.equal(await waiting.promise, "reserved");
});

test("begin_checkout that waits for another request finds the customer which that request linked", async () => {
  const ada = crypto.randomUUID();
  await sql`insert into auth.users (id, email) values (${ada}, ${`${ada}@concurrency.test`})`;
  const begin = (tx: postgres.TransactionSql) =>
    tx`select customer_id, customers::int from public.begin_checkout(${ada}, 'team', 'https://a.test', 'https://a.test', null)`;
  let waiting: Promise<postgres.Row> | undefined;
  await sql.begin(async (first) => {
    await begin(first);
    waiting = sql.begin(async (tx) => (await begin(tx))[0]!);
    await eventually("the second request to wait", async () => {
      const waiters = await first`select from pg_catalog.pg_locks where not granted`;
      return waiters.length > 0;
    });
    await first`select public.record_stripe_customer(${ada}, ${`cus_${ada}`})`;
  });
  assert.deepEqual({ ...(await waiting!) }, { customer_id: `cus_${ada}`, customers: 1 });
});

test("record_stripe_event, called concurrently for one event, records it once, with one job", async () => {
  const eventId = `evt_${crypto.randomUUID()}`;
  const counts = await outcomes(async (tx) =>
    (await tx`select public.record_stripe_event(${eventId}, 'x', now(), '{}') as outcome`)[0]!.outcome
  );
  assert.deepEqual(counts, { recorded: 1, duplicate: CALLERS - 1 });
  const jobs = await sql`select from private.jobs where message ->> 'eventId' = ${eventId}`;
  assert.equal(jobs.length, 1);
});

/** Waits until a connection waits for a lock. */
async function waitsForLock(pid: number): Promise<void> {
  await eventually("the connection to wait for a lock", async () => {
    const [row] = await sql`select wait_event_type from pg_stat_activity where pid = ${pid}`;
    return row?.["wait_event_type"] === "Lock";
  });
}

/** Also ends the transaction of a test that failed. */
async function endOf(connection: postgres.ReservedSql): Promise<void> {
  await connection`rollback`;
  connection.release();
}

const pidOf = async (tx: postgres.ReservedSql) => (await tx`select pg_backend_pid() as pid`)[0]!["pid"] as number;

function recordSubscription(tx: postgres.Sql | postgres.ReservedSql, id: string, userId: string, status: string) {
  const price = JSON.stringify([{ id: `price_${id}` }]);
  return tx`select outcome from public.record_subscription(${id}, ${`cus_${id}`}, ${userId}, 'metadata', null,
    ${status}::public.subscription_status, ${price}::text::jsonb, false, null, null, now(),
    nextval('private.stripe_reads'))`;
}

for (const [title, order] of [["before", 0], ["after", 1]] as const) {
  test(`a subscription that is recorded shortly ${title} its plan gets the price has the plan`, async () => {
    const id = await tenant();
    const pair = [await sql.reserve(), await sql.reserve()];
    const steps = [
      (tx: postgres.ReservedSql) => recordSubscription(tx, `sub_${id}`, id, "active"),
      (tx: postgres.ReservedSql) =>
        tx`update public.plans set stripe_price_id = ${`price_sub_${id}`} where key = ${id}`,
    ];
    try {
      const [first, second] = pair as [postgres.ReservedSql, postgres.ReservedSql];
      await first`begin`;
      await steps[order]!(first);
      const pid = await pidOf(second);
      const ended = steps[1 - order]!(second).execute();
      await waitsForLock(pid);
      await first`commit`;
      await ended;
    } finally {
      for (const connection of pair) await endOf(connection);
    }
    const [stored] = await sql`select plan_key, unknown_prices from public.subscriptions where id = ${`sub_${id}`}`;
    assert.deepEqual({ ...stored }, { plan_key: id, unknown_prices: null });
  });
}

test("An operator who releases a tenant while the status of their subscription changes causes no deadlock", async () => {
  const id = await tenant();
  await sql`select public.hold_tenant(${id}, 'closed', ${id}, 'req', 'fraud')`;
  const [operator, job] = [await sql.reserve(), await sql.reserve()];
  try {
    await operator`begin`;
    await operator`select from private.tenancies where user_id = ${id} for update`;
    const pid = await pidOf(job);
    const recorded = recordSubscription(job, id, id, "past_due").execute();
    await waitsForLock(pid);
    await operator`select public.hold_tenant(${id}, null, ${id}, 'req', 'a mistake')`;
    await operator`commit`;
    assert.equal((await recorded)[0]!["outcome"], "recorded");
  } finally {
    operator.release();
    job.release();
  }
  assert.deepEqual(
    [
      ...await sql`select from public.operator_alerts where kind = 'subscription_without_tenant' and subject = ${id}
      and settled_at is null`,
    ],
    [],
  );
});

test("record_inbound_message, called concurrently for one SID, records the message once", async () => {
  const userId = await tenant();
  const sid = `SM${crypto.randomUUID()}`;
  const counts = await outcomes(async (tx) =>
    (await tx`select outcome from public.record_inbound_message(${userId}, ${sid}, 'AC', '+1', null, '+2', 'Hi', '{}', '{}', 1, null, 'HI')`)[
      0
    ]!.outcome
  );
  assert.deepEqual(counts, { recorded: 1, duplicate: CALLERS - 1 });
});

test("Concurrent keywords of one recipient get three replies, within the limits of the plan", async () => {
  const userId = await tenant({ messagesPerDay: 4 });
  const from = await ownNumber(userId);
  await sql`insert into public.messaging_settings (user_id, help_reply) values (${userId}, 'Call us')`;
  const ask = (tx: postgres.TransactionSql, peer: string) =>
    tx`select case when reply is null then 'no reply' else 'reply' end as answer from public.record_inbound_message(
      ${userId}, ${`SM${crypto.randomUUID()}`}, ${`AC${userId}`}, ${peer}, 'US', ${from}, 'Help', '{}', '{}', 1, 'help', 'HELP')`
      .then((rows) => rows[0]!["answer"] as string);
  assert.deepEqual(await outcomes((tx) => ask(tx, "+15005550199")), { "reply": 3, "no reply": CALLERS - 3 });
  assert.deepEqual(await outcomes((tx, caller) => ask(tx, `+1500555020${caller}`)), {
    "reply": 1,
    "no reply": CALLERS - 1,
  });
});

test("A report that raises the price of a country does not wait for one of another tenant that raises it, too", async () => {
  const [first, second] = [await tenant(), await tenant()];
  const report = async (tx: postgres.TransactionSql, userId: string) => {
    const [{ id }] = await tx<[{ id: string }]>`
      insert into public.sms_messages (user_id, direction, from_number, to_number, country, status, account_sid, source,
        num_segments, estimated_price)
      values (${userId}, 'outbound', '+1', '+2', 'JM', 'sent', 'AC', 'subaccount', 1, 0.01) returning id`;
    const [{ priced }] = await tx<[{ priced: boolean }]>`
      select priced from public.record_message_status(${id}, ${userId}, 'AC', ${`SM${id}`}, 'sent', null, null, 1, -0.5, 'USD')`;
    return priced;
  };
  await sql.begin(async (tx) => {
    assert.equal(await report(tx, first), true);
    await sql.begin(async (other) => {
      await other`set local lock_timeout = '200ms'`;
      assert.equal(await report(other, second), true);
    });
  });
  const [charged] = await sql<{ unit_price: string }[]>`
    select unit_price from private.message_prices where country = 'JM' and source = 'charged'`;
  assert.equal(Number(charged?.unit_price), 0.5);
});

test("record_message_status, called concurrently, leaves every message at the furthest status", async () => {
  const userId = await tenant();
  const messages =
    await sql`insert into public.sms_messages (user_id, direction, from_number, to_number, status, account_sid, source)
    select ${userId}, 'outbound', '+1', '+2', 'reserved', 'AC', 'subaccount' from generate_series(1, 25) returning id`;
  const reports = ["sent", "queued", "delivered", "sending", "accepted", "queued", "sent", "sending"];
  for (const { id } of messages) {
    await outcomes(async (tx, caller) => {
      await tx`select from public.record_message_status(${id}, ${userId}, 'AC', ${`SM${id}`}, ${reports[
        caller
      ]!}, null, null)`;
      return reports[caller]!;
    });
  }
  const after =
    await sql`select status, count(*)::integer from public.sms_messages where user_id = ${userId} group by status`;
  assert.deepEqual([...after], [{ status: "delivered", count: 25 }]);
});

test("claim_jobs, called concurrently, returns each job once and enqueues a due schedule once", async () => {
  await sql`delete from pgmq.q_jobs_control`;
  await sql`select private.enqueue(jsonb_build_object('kind', 'test', 'n', n)) from generate_series(1, 20) n`;
  await sql`update private.schedules set due_at = now() where name = 'settle-messages'`;
  const claimed: string[] = [];
  await outcomes(async (tx) => {
    const jobs = await tx`select job_id from public.claim_jobs('control', 5, 60)`;
    claimed.push(...jobs.map(({ job_id }) => job_id as string));
    return "claimed";
  });
  // A call may return fewer jobs while another one has them locked: the next call returns the rest.
  claimed.push(
    ...(await sql`select job_id from public.claim_jobs('control', 100, 60)`).map(({ job_id }) => job_id as string),
  );
  assert.equal(claimed.length, 21);
  assert.equal(new Set(claimed).size, 21);
});

test("an enqueue in a long transaction waits for no claim and no other enqueue, and delays none", async () => {
  await sql`truncate pgmq.q_jobs_control`;
  const job = sql.json({ kind: "test", userId: "long" });
  const claim = async () => {
    const jobs = await sql<{ job_id: string }[]>`select job_id from public.claim_jobs('control', 10, 60)`;
    return jobs.map(({ job_id }) => job_id);
  };
  const [first] = await sql`select private.enqueue(${job}) as id`;
  let second: string | undefined, third: string | undefined;
  await sql.begin(async (long) => {
    [{ id: second }] = await long`select private.enqueue(${job}) as id` as unknown as [{ id: string }];
    await sql.begin(async (other) => {
      await other`set local lock_timeout = '2s'`;
      [{ id: third }] = await other`select private.enqueue(${job}) as id` as unknown as [{ id: string }];
    });
    // Two claims: the first one deletes what it may, the second one sees what is left.
    assert.deepEqual((await claim()).sort(), [first!["id"], third].sort());
    assert.deepEqual(await claim(), []);
  });
  assert.deepEqual(await claim(), [second], "the job of the long transaction was not claimed after its commit");
  await sql`truncate pgmq.q_jobs_control`;
});

test("no job is lost or claimed by two callers, while callers enqueue, claim, finish, defer, retry and stop", async () => {
  await sql`truncate pgmq.q_jobs_control`;
  const enqueued = new Set<string>();
  const held = new Set<string>();
  const finished: string[] = [];
  const twice: string[] = [];
  const pause = () => new Promise((resolve) => setTimeout(resolve, randomInt(4)));
  const oneOf = <T>(items: readonly T[]) => items[randomInt(items.length)]!;

  async function enqueueSome(): Promise<void> {
    const ids: string[] = [];
    await sql.begin(async (tx) => {
      for (let count = randomInt(1, 4); count > 0; count--) {
        const userId = oneOf(["a", "a", "b", "c", null]);
        const job = sql.json(userId === null ? { kind: "test" } : { kind: "test", userId });
        ids.push((await tx`select private.enqueue(${job}) as id`)[0]!["id"]);
        await pause();
      }
      if (randomInt(5) === 0) throw new Error("rolled back");
    }).then(() => ids.forEach((id) => enqueued.add(id)), (error) => assert.equal(error.message, "rolled back"));
  }

  async function settle(id: string): Promise<void> {
    held.delete(id);
    switch (oneOf(["finish", "finish", "finish", "defer", "retry"])) {
      case "finish":
        finished.push(id);
        return void await sql`select public.finish_job('control', ${id})`;
      case "defer":
        return void await sql`select public.defer_job('control', ${id}, ${randomInt(2)})`;
      case "retry":
        return void await sql`select public.retry_job('control', ${id}, ${randomInt(2)}, 'error')`;
    }
  }

  /** Claims some jobs. Now and then the caller stops: its jobs become visible again at once. */
  async function claimSome(): Promise<number> {
    const stops = randomInt(6) === 0;
    const jobs = await sql<{ job_id: string }[]>`
      select job_id from public.claim_jobs('control', ${randomInt(1, 5)}, ${stops ? 0 : 60})`;
    if (stops) return jobs.length;
    for (const { job_id } of jobs) held.has(job_id) ? twice.push(job_id) : held.add(job_id);
    await pause();
    for (const { job_id } of jobs) await settle(job_id);
    return jobs.length;
  }

  await Promise.all(Array.from({ length: CALLERS }, async () => {
    for (let step = 0; step < 40; step++) await (randomInt(2) === 0 ? enqueueSome() : claimSome());
  }));
  const deadline = Date.now() + 30_000;
  while (finished.length < enqueued.size) {
    if (await claimSome() === 0) await pause();
    const stuck = Date.now() > deadline ? await sql`select * from private.jobs where lane = 'control'` : [];
    assert.equal(stuck.length, 0, `jobs are not claimed: ${JSON.stringify(stuck)}`);
  }
  assert.deepEqual(twice, []);
  assert.deepEqual(new Set(finished), enqueued);
  const [left] = await sql`select (select count(*)::int from private.jobs where lane = 'control') as jobs,
    (select count(*)::int from private.jobs_in_flight where lane = 'control') as in_flight`;
  assert.deepEqual(left, { jobs: 0, in_flight: 0 });
});

// Campaigns -------------------------------------------------------------------------------------------------------------

/** Creates a campaign with this many recipients and returns its id. */
async function campaign(userId: string, from: string, recipients: number, key = "campaign"): Promise<string> {
  const [made] = await createCampaign(sql, userId, from, recipients, key);
  assert.equal(made!.outcome, "created");
  return made!.campaign_id;
}

function createCampaign(tx: postgres.ISql, userId: string, from: string, recipients: number, key: string) {
  const rows = Array.from({ length: recipients }, (_, position) => ({
    position,
    to: `+1500555${String(position).padStart(4, "0")}`,
    country: "US",
    variables: null,
  }));
  return tx<
    { outcome: string; campaign_id: string }[]
  >`select outcome, campaign ->> 'id' as campaign_id from public.create_campaign(
    ${userId}, ${key}, 'hash', null, ${from}, 'Hi', '{}', null, ${sql.json(rows)}, 'req', null, null, null)`;
}

interface ReservedBatch {
  outcome: string;
  messages: { id: string; to_number: string }[] | null;
}

async function reserveBatch(tx: postgres.ISql, campaignId: string, userId: string, limit: number) {
  const [batch] = await tx<ReservedBatch[]>`select outcome, messages
    from public.reserve_campaign_batch(${campaignId}, ${userId}, 1, ${limit})`;
  return batch!;
}

/** Raises the send rates, so that only the plan's limits apply. */
async function raiseSendRates(userId: string): Promise<void> {
  await sql`update public.user_twilio_numbers set messages_per_second = 99999 where user_id = ${userId}`;
  await sql`update public.plans set messages_per_second = 99999 where key = ${userId}`;
}

test("create_campaign, called fifty times concurrently under one key, creates one campaign", async () => {
  const userId = await tenant();
  const from = await ownNumber(userId);
  const made = await Promise.all(
    Array.from({ length: 50 }, () => sql.begin((tx) => createCampaign(tx, userId, from, 20, "one key"))),
  );
  const outcomes = made.map(([row]) => row!.outcome);
  assert.equal(outcomes.filter((outcome) => outcome === "created").length, 1);
  assert.equal(outcomes.filter((outcome) => outcome === "duplicate").length, 49);
  assert.equal(new Set(made.map(([row]) => row!.campaign_id)).size, 1);
  const [stored] = await sql`select count(*)::integer as campaigns, sum(total)::integer as recipients,
    (select count(*)::integer from private.jobs where message ->> 'userId' = ${userId}) as jobs
    from public.campaigns where user_id = ${userId}`;
  assert.deepEqual({ ...stored }, { campaigns: 1, recipients: 20, jobs: 1 });
});

test("reserve_campaign_batch, called concurrently for one campaign, reserves no recipient twice", async () => {
  const userId = await tenant({ messagesPerDay: 1000 });
  const id = await campaign(userId, await ownNumber(userId), 200);
  await raiseSendRates(userId);
  const reserved: string[] = [];
  for (let round = 0; round < 5; round++) {
    await outcomes(async (tx) => {
      const batch = await reserveBatch(tx, id, userId, 7);
      reserved.push(...(batch.messages ?? []).map(({ to_number }) => to_number));
      return batch.outcome;
    });
    // Send rates are tested elsewhere.
    await sql`delete from private.send_rates`;
  }
  assert.equal(new Set(reserved).size, reserved.length);
  const [after] = await sql`select waiting, in_flight from public.campaigns where id = ${id}`;
  const [messages] = await sql`select count(*)::integer, count(distinct to_number)::integer as people
    from public.sms_messages where campaign_id = ${id}`;
  assert.deepEqual({ ...messages }, { count: reserved.length, people: reserved.length });
  assert.deepEqual({ ...after }, { waiting: 200 - reserved.length, in_flight: reserved.length });
});

test("Concurrent messages and batches stay within the daily limit", async () => {
  const userId = await tenant({ messagesPerDay: 20 });
  const from = await ownNumber(userId);
  const id = await campaign(userId, from, 100);
  await raiseSendRates(userId);
  for (let round = 0; round < 4; round++) {
    await outcomes(async (tx, caller) => {
      if (caller % 2 === 0) return await reserveMessage(tx, userId, from, crypto.randomUUID());
      return (await reserveBatch(tx, id, userId, 7)).outcome;
    });
    await sql`delete from private.send_rates`;
  }
  const [sent] = await sql`select count(*)::integer from public.sms_messages where user_id = ${userId}`;
  assert.equal(sent!.count, 20);
});

test("Concurrent messages and batches stay within the spend limit", async () => {
  const userId = await tenant({ messagesPerDay: 1000 });
  await sql`update public.plans set spend_limit = 0.20, segment_price = 0.01 where key = ${userId}`;
  await sql`delete from private.carrier_fees`;
  const from = await ownNumber(userId);
  const id = await campaign(userId, from, 100);
  await raiseSendRates(userId);
  for (let round = 0; round < 4; round++) {
    await outcomes(async (tx, caller) => {
      if (caller % 2 === 0) return await reserveMessage(tx, userId, from, crypto.randomUUID());
      return (await reserveBatch(tx, id, userId, 7)).outcome;
    });
    await sql`delete from private.send_rates`;
  }
  const [sent] = await sql`select count(*)::integer from public.sms_messages where user_id = ${userId}`;
  assert.equal(sent!.count, 20);
});

test("Random histories: 50 parallel spenders never exceed the spend limit, and each threshold is noticed once", async () => {
  const SPENDERS = 50;
  const everyone = postgres(database.url, { max: SPENDERS, onnotice: () => {} });
  try {
    for (let history = 0; history < 3; history++) {
      const userId = await tenant({ messagesPerDay: 100_000, purchasesPerDay: 1000 });
      const limit = randomInt(300, 900) / 100;
      const markup = [1, 1.2, 1.0375][history]!;
      await sql`update public.plans set spend_limit = ${limit}, segment_price = 0.03, markup = ${markup},
        max_purchases_per_month = 1000 where key = ${userId}`;
      const from = await ownNumber(userId);
      const id = await campaign(userId, from, 200);
      await raiseSendRates(userId);
      await settings(userId);
      const account = `AC${userId}`;
      await sql`select public.reserve_fee(${userId}, 'shown in usage', 'registration', 0.4)`;
      await sql`
        insert into private.usage_accounts (account_sid, user_id, first_day) values (${account}, ${userId}, current_date)
        on conflict do nothing`;
      await sql`
        insert into public.twilio_usage (user_id, account_sid, day, category, count, usage, price, price_unit)
        values (${userId}, ${account}, private.utc_day(), 'a2p-10dlc-registrationfees-onetime', 1, 1, 0.4, 'usd')`;
      const spend: ((tx: postgres.TransactionSql) => Promise<unknown>)[] = [
        (tx) => reserveMessage(tx, userId, from, crypto.randomUUID()),
        (tx) => reserveBatch(tx, id, userId, randomInt(1, 9)),
        (tx) => tx`select public.reserve_number(${userId}, ${phoneNumber()}, null, ${randomInt(20, 120) / 100})`,
        (tx) => tx`select public.reserve_fee(${userId}, ${`fee ${randomInt(20)}`}, 'registration', 0.4)`,
        (tx) =>
          tx`select public.record_inbound_message(${userId}, ${`SM${crypto.randomUUID()}`}, 'AC0', ${phoneNumber()},
            'US', ${from}, 'HELP', '{}', '{}', 1, 'help', 'HELP')`,
        // What spends nothing by itself, but touches the same rows.
        (tx) => tx`select private.take_in_number(${userId}, ${account}, ${tx.json(takenIn())})`,
        (tx) => tx`select public.charge_number_fees(10), public.check_due_spending(10)`,
        (tx) =>
          tx`update private.number_purchases set held_until = now() where number_id = (select number_id
            from private.number_purchases where user_id = ${userId} and held_until = 'infinity' limit 1)`,
        (tx) => tx`select public.record_list_price(n.number_id, 0, 'USD') from public.numbers_to_price(1) n`,
        (tx) =>
          tx`select private.note_usage_fees(a, private.utc_day() - 3, private.utc_day()) from private.usage_accounts a
            where a.user_id = ${userId}`,
      ];
      const results = await Promise.allSettled(
        Array.from({ length: SPENDERS * 2 }, (_, index) =>
          everyone.begin(async (tx) => {
            await tx`set local role service_role`;
            await spend[index % spend.length]!(tx);
          })),
      );
      assert.deepEqual(results.filter(({ status }) => status === "rejected"), []);
      // Until nothing fits any more.
      while ((await sql.begin((tx) => reserveMessage(tx, userId, from, crypto.randomUUID()))) === "reserved");
      const [{ used, counted, fees, notices }] = await sql`
        select spend_used::float8 as used, (
            select coalesce(sum(tenant_price), 0) from public.sms_messages
            where user_id = ${userId} and direction = 'outbound' and status <> 'refused')
          + (select coalesce(sum(tenant_price), 0) from private.fees where user_id = ${userId}) as counted,
          (select count(distinct key) = count(*) from private.fees where user_id = ${userId}) as fees,
          array(select right(subject, 3) from public.tenant_notices where user_id = ${userId} order by 1) as notices
        from private.limits_of(${userId})` as unknown as [
        { used: number; counted: string; fees: boolean; notices: string[] },
      ];
      assert.equal(used, Number(counted), "What decisions count is what was reserved");
      assert.ok(used <= limit && used > limit - 0.05 * markup, `${used} of ${limit}`);
      assert.deepEqual([fees, notices], [true, [" 80", "100"]]);
    }
  } finally {
    await everyone.end();
  }
});

test("Late prices and messages that pass the thresholds together cause no deadlock and one notice for each", async () => {
  const userId = await tenant({ messagesPerDay: 1000, spend: 10 });
  const from = await ownNumber(userId);
  await sql`
    insert into private.forward_webhooks (user_id, id, url, sealed_secret)
    values (${userId}, gen_random_uuid(), 'https://one.example', 'v1.k1.iv.s1')`;
  const ids = await sql<{ id: string }[]>`
    insert into public.sms_messages (user_id, direction, from_number, to_number, status, account_sid, source,
      estimated_price, twilio_message_sid)
    select ${userId}, 'outbound', ${from}, '+15005550199', 'sent', ${`AC${userId}`}, 'subaccount', 0.7, ${userId} || n
    from generate_series(1, 10) n returning id`;
  const results = await Promise.allSettled(ids.flatMap(({ id }) => [
    sql`select public.record_message_status(${id}, ${userId}, ${`AC${userId}`}, null, 'delivered', null, null, 1,
      -1.2, 'USD')`,
    sql.begin((tx) => reserveMessage(tx, userId, from, crypto.randomUUID())),
  ]));
  assert.deepEqual(results.filter(({ status }) => status === "rejected"), []);
  const [found] = await sql`
    select array(select right(subject, 3) from public.tenant_notices where user_id = ${userId} order by 1) as notices,
      (select count(*)::integer from private.jobs where message ->> 'kind' = 'forward-notice'
        and message ->> 'userId' = ${userId}) as forwarded`;
  assert.deepEqual({ ...found }, { notices: [" 80", "100"], forwarded: 2 });
});

test("Concurrent batches, results, callbacks, reports and a cancellation cause no deadlock, and all counts stay correct", async () => {
  const userId = await tenant({ messagesPerDay: 1000 });
  const from = await ownNumber(userId);
  await settings(userId);
  const ids = [await campaign(userId, from, 400, "first"), await campaign(userId, from, 400, "second")];
  await raiseSendRates(userId);
  const sent: string[] = [];
  const act = async (tx: postgres.TransactionSql, caller: number, round: number) => {
    const id = ids[caller % 2]!;
    if (caller < 2) {
      const batch = await reserveBatch(tx, id, userId, 10);
      const messages = batch.messages ?? [];
      sent.push(...messages.map((message) => message.id));
    } else if (caller < 4) {
      const messages = await tx`select id from public.sms_messages where campaign_id = ${id} and status = 'reserved'
        order by random() limit 10`;
      const words = ["queued", "refused", "released", "sent", "unknown"];
      const results = messages.map((message, index) => ({
        message_id: message.id,
        status: words[index % words.length]!,
      }));
      await tx`select public.record_campaign_batch(${id}, ${userId}, ${sql.json(results)})`;
    } else if (caller === 4) {
      const messages = await tx`select id from public.sms_messages where user_id = ${userId} and status <> 'failed'
        order by random() limit 10`;
      const callbacks = messages.map(({ id }, index) => ({
        message_id: id,
        user_id: userId,
        account_sid: `AC${userId}`,
        sid: `SM${id}`,
        status: index % 2 === 0 ? "delivered" : "undelivered",
      }));
      await tx`select public.record_message_statuses(${sql.json(callbacks)})`;
    } else if (caller === 5) {
      const [message] = await tx`select id from public.sms_messages where user_id = ${userId} and status <> 'failed'
        order by random() limit 1`;
      if (message !== undefined) {
        await tx`select public.record_message_status(${message.id}, ${userId}, ${`AC${userId}`}, ${`SM${message.id}`},
          ${round % 3 === 0 ? "not_sent" : "delivered"}, null, null)`;
      }
    } else if (caller === 6) {
      // A received message counts before its reply is reserved.
      await tx`select public.record_inbound_message(${userId}, ${`SM${crypto.randomUUID()}`}, ${`AC${userId}`},
        ${phoneNumber()}, 'US', ${from}, 'HELP', '{}', '{}', 1, 'help', 'HELP')`;
    } else {
      const messages = await tx`select twilio_message_sid as sid from public.sms_messages
        where user_id = ${userId} and twilio_message_sid is not null order by random() limit 20`;
      const reports = messages.map(({ sid }, index) => ({
        sid,
        status: index % 2 === 0 ? "delivered" : "sent",
        ...(index % 3 === 0 && { price: -0.03, price_unit: "USD" }),
      }));
      await tx`select public.record_message_reports(${`AC${userId}`}, ${sql.json(reports)})`;
    }
    return "done";
  };
  for (let round = 0; round < 40; round++) {
    assert.deepEqual(await outcomes((tx, caller) => act(tx, caller, round)), { done: CALLERS });
    await sql`update public.sms_messages set twilio_message_sid = 'SM' || id where user_id = ${userId} and status in ('queued', 'sent') and twilio_message_sid is null`;
    // Moves some messages to an earlier hour, so that one report changes the totals of several hours.
    await sql`update public.sms_messages set created_at = created_at - interval '1 hour'
      where user_id = ${userId} and id in (select id from public.sms_messages where user_id = ${userId} order by random() limit 5)`;
    await sql`delete from private.send_rates`;
    await sql`update public.campaigns set failed_batches = 0 where user_id = ${userId}`;
    if (round === 30) {
      await outcomes(async (tx, caller) => {
        if (caller > 0) return await act(tx, caller, round);
        const [changed] = await tx`select outcome from public.change_campaign(${userId}, ${ids[0]!}, 'cancel', 'req')`;
        return changed!.outcome;
      });
    }
  }
  assert.ok(sent.length > 100);
  await assertCountsAreCorrect(userId);
});

test("Concurrent campaigns of one tenant have at most as many recipients as the plan's month", async () => {
  const userId = await tenant();
  const from = await ownNumber(userId);
  const counts = await outcomes(async (tx) =>
    (await createCampaign(tx, userId, from, 300, crypto.randomUUID()))[0]!.outcome
  );
  assert.deepEqual(counts, { created: 3, too_many_recipients: CALLERS - 3 });
});

test("Concurrent imports of contacts store at most as many as are kept, and count them", async () => {
  const userId = await tenant();
  const counts = await outcomes(async (tx, caller) => {
    const rows = Array.from({ length: 10 }, (_, position) => ({
      position,
      phone_number: `+1500555${1000 + (position * 7 + caller * 3) % 40}`,
    }));
    const [saved] = await tx`select added, over_limit from public.save_contacts(${userId}, ${tx.json(rows)}, 25)`;
    return saved!.added + saved!.over_limit.length <= 10 ? "saved" : "wrong";
  });
  assert.deepEqual(counts, { saved: CALLERS });
  const [stored] = await sql`
    select (select count(*)::integer from public.contacts where user_id = ${userId}) as contacts,
      (select contacts from private.contact_counts where user_id = ${userId}) as counted`;
  assert.deepEqual({ ...stored }, { contacts: 25, counted: 25 });
});

test("A message that is committed after its conversation was marked as read stays unread, in any order", async () => {
  const userId = await tenant();
  const received = (tx: postgres.ISql) =>
    tx`
      insert into public.sms_messages (user_id, direction, from_number, to_number, body, status, account_sid, source)
      values (${userId}, 'inbound', '+15005550199', '+15005550101', 'Hi', 'received', 'AC1', 'subaccount')`;
  const marked = async (tx: postgres.ISql) => {
    const [row] = await tx`select unread from public.mark_read(${userId}, '+15005550101', '+15005550199', null, false)`;
    return row!.unread;
  };
  const unread = async () =>
    (await sql`select unread from public.sms_conversations where user_id = ${userId}`)[0]!.unread;
  await received(sql);
  // The message's time is that of the beginning of its transaction, before all others below.
  await sql.begin(async (late) => {
    await late`select now()`;
    await received(sql);
    assert.equal(await marked(sql), 0);
    await received(late);
  });
  assert.equal(await unread(), 2); // the late one, and the one that looks later
  assert.equal(await marked(sql), 0);
  let isMarked = false;
  let marking: Promise<unknown> = Promise.resolve();
  await sql.begin(async (open) => {
    await received(open);
    marking = marked(sql).then((left) => (isMarked = true, left));
    await eventually("the mark waits for the message", async () => {
      const waiting =
        await sql`select from pg_stat_activity where wait_event_type = 'Lock' and query like '%mark_read%'`;
      return waiting.length > 0 || isMarked || undefined;
    });
    assert.equal(isMarked, false);
  });
  assert.equal(await marking, 0); // the mark came after the message
});

/** Compares the counts that triggers keep with a fresh count. */
async function assertCountsAreCorrect(userId: string): Promise<void> {
  const wrong = await sql`
    select c.id, c.status, c.waiting, c.in_flight, c.sent, c.delivered, c.failed, c.unknown, c.skipped, counted.*
    from public.campaigns c cross join lateral (
      select count(*) filter (where r.is_waiting and c.status <> 'canceled') as waiting_now,
        count(*) filter (where r.skip_reason is not null or r.is_waiting and c.status = 'canceled') as skipped_now,
        count(*) filter (where private.campaign_count_of(m.status) = 'in_flight') as in_flight_now,
        count(*) filter (where private.campaign_count_of(m.status) = 'sent') as sent_now,
        count(*) filter (where private.campaign_count_of(m.status) = 'delivered') as delivered_now,
        count(*) filter (where m.id is not null and private.campaign_count_of(m.status) = 'failed') as failed_now,
        count(*) filter (where private.campaign_count_of(m.status) = 'unknown') as unknown_now
      from private.campaign_recipients r left join public.sms_messages m on m.id = r.message_id where r.campaign_id = c.id
    ) counted
    where c.user_id = ${userId} and ((c.waiting, c.in_flight, c.sent, c.delivered, c.failed, c.unknown, c.skipped)
        <> (waiting_now, in_flight_now, sent_now, delivered_now, failed_now, unknown_now, skipped_now)
      or c.status = 'canceled' and c.waiting > 0)`;
  assert.deepEqual([...wrong], []);
  const [totals] = await sql`
    select sum(t.messages)::integer as messages, sum(t.spend) as spend,
      (select count(*)::integer from public.sms_messages m where private.counts(m.status) and m.direction = 'outbound' and m.user_id = ${userId}) as messages_now,
      (select sum(m.cost) from public.sms_messages m where private.counts(m.status) and m.user_id = ${userId}) as spend_now
    from private.sending_totals t where t.user_id = ${userId}`;
  const usage = await sql`
    with counted as (
      select private.utc_day(created_at) as day, kind, coalesce(price_unit, '') as unit, count(*) as count,
        sum(greatest(num_segments, 1)) as segments, sum(tenant_price) as price, sum(coalesce(abs(price), estimated_price)) as cost
      from public.sms_messages where user_id = ${userId} and private.counts(status) group by 1, 2, 3
    )
    select * from counted c full join (select * from private.usage_totals where user_id = ${userId} and count <> 0) t
      using (day, kind, unit)
    where (c.count, c.segments, c.price, c.cost) is distinct from (t.count, t.segments, t.price, t.cost)`;
  assert.deepEqual([...usage], []);
  assert.equal(totals!.messages, totals!.messages_now);
  assert.equal(totals!.spend, totals!.spend_now);
}
