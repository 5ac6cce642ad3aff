import assert from "node:assert/strict";
import { type Answer, runJobs } from "../../local/driver/actor.ts";
import type { Job } from "../support/database-side.ts";
import { LANES } from "../support/queues.ts";
import { ownStage, test } from "../support/stage.ts";
import { newcomer, openAccounts } from "../support/tenants.ts";

/** Only the tests drain the queue. */
// Time passes only where a test moves it, however slow the machine is.
const { stage, log } = ownStage({ scheduler: false, env: { CREATE_SETTLE_SECONDS: "50" } });

const MOST_ATTEMPTS = 14;

/** A test that starts with empty queues, and during which no scheduled job is enqueued. */
function testQueue(title: string, body: () => Promise<void>): void {
  test(title, async () => {
    await stage.database.sql`update private.schedules set due_at = now() + interval '1 day'`;
    for (const lane of LANES) await stage.database.sql`select pgmq.purge_queue(${`jobs_${lane}`})`;
    await stage.twilio.clearFaults();
    await body();
  });
}

async function drain(lane?: Parameters<typeof runJobs>[1]): Promise<Answer["body"]> {
  const { status, body } = await runJobs(stage.state, lane);
  assert.equal(status, 200, body.message);
  return body;
}

/** Puts a job on the queue as if it had been claimed this often already. */
async function enqueue(job: Job | unknown, claims = 0): Promise<number> {
  const id = await stage.database.enqueue(job as Job);
  await stage.database.sql`update pgmq.q_jobs_control set read_ct = ${claims} where msg_id = ${id}`;
  return id;
}

/** A job on the queue, with its last error and the seconds until it is due. */
async function waiting(id: number): Promise<{ claims: number; due: number; error: string | null } | undefined> {
  const [row] = await stage.database.sql<{ claims: number; due: number; error: string | null }[]>`
    select q.read_ct as claims, extract(epoch from q.vt - now())::float as due, e.error
    from pgmq.q_jobs_control q left join private.job_errors e on e.lane = 'control' and e.job_id = q.msg_id
    where q.msg_id = ${id}`;
  return row;
}

async function buried(id: number): Promise<{ job: unknown; error: string } | undefined> {
  const [row] = await stage.database.sql<{ message: { job: unknown; error: string } }[]>`
    select message from pgmq.q_jobs_dead where message ->> 'lane' = 'control' and message ->> 'jobId' = ${String(id)}`;
  return row?.message;
}

/** A job for an event that is not stored: it can only fail. */
const hopeless = () => ({ kind: "stripe-event", eventId: `evt_${crypto.randomUUID()}` });

testQueue("draining an empty queue ends at once", async () => {
  await drain();
  assert.deepEqual(await drain(), { done: 0, waiting: 0, retried: 0, buried: 0 });
});

testQueue(
  "more due work than one batch is worked off by the following drains, without waiting for the schedule",
  async () => {
    const { sql } = stage.database;
    // Users without a retention: the check of their texts is their last one.
    const due = Array.from(
      { length: 450 },
      () => ({ user_id: crypto.randomUUID(), kind: "redaction", due_at: new Date() }),
    );
    await sql`insert into private.due_work ${sql(due)}`;
    const left = async () =>
      (await sql`select from private.due_work where kind = 'redaction' and due_at <= now()`).length;
    const id = await enqueue({ kind: "redact-old-messages" });
    for (const [expected, result] of [[250, "waiting"], [50, "waiting"], [0, "done"]] as const) {
      await sql`update pgmq.q_jobs_messages set vt = now() where msg_id = ${id}`;
      assert.equal((await drain("messages"))[result], 1);
      assert.equal(await left(), expected);
    }
  },
);

testQueue("a purge of more than one batch is finished by the following drain", async () => {
  const { sql } = stage.database;
  await sql`
    insert into public.webhook_events (provider, event_id, type, payload, processed_at, result)
    select 'stripe', 'evt_expired_' || n, 'invoice.paid', '{}', now() - interval '31 days', 'recorded'
    from generate_series(1, 1001) n`;
  const left = async () =>
    (await sql`select from public.webhook_events where event_id like 'evt_expired_%' and payload is not null`).length;
  const id = await enqueue({ kind: "purge-expired" });
  for (const [expected, result] of [[1, "waiting"], [0, "done"]] as const) {
    await sql`update pgmq.q_jobs_control set vt = now() where msg_id = ${id}`;
    assert.equal((await drain())[result], 1);
    assert.equal(await left(), expected);
  }
  await sql`delete from public.webhook_events where event_id like 'evt_expired_%'`;
});

testQueue("two concurrent drains do every job once", async () => {
  const users = Array.from({ length: 24 }, () => crypto.randomUUID());
  for (const userId of users) await enqueue({ kind: "converge", userId });
  const reports = await Promise.all([drain(), drain()]);
  assert.deepEqual(reports.map(({ retried, buried, waiting }) => [retried, buried, waiting]), [[0, 0, 0], [0, 0, 0]]);
  const done = reports.map(({ done }) => done);
  assert.equal(done[0] + done[1], 24);
  assert.ok(done.every((count) => count > 0), `one of the drains did no job: ${done}`);
  const looks = (await stage.twilio.requests()).map(({ query }) => query["FriendlyName"]);
  for (const userId of users) assert.equal(looks.filter((name) => name === `switchboard:${userId}`).length, 1);
});

testQueue("a failing job is retried later, keeps its last error, and delays no other job", async () => {
  const ada = await newcomer(stage, "ada");
  const failing = await enqueue(hopeless());
  const good = await enqueue({ kind: "converge", userId: ada.id });
  assert.deepEqual(await drain(), { done: 1, waiting: 0, retried: 1, buried: 0 });
  assert.equal(await waiting(good), undefined);
  const job = await waiting(failing);
  assert.equal(job?.claims, 1);
  assert.ok(job.due > 0 && job.due <= 2, `due in ${job.due} s`);
  assert.match(job.error ?? "", /^Error: Cannot process event "evt_.*": it is not in the ledger$/);
});

testQueue("a job that always fails becomes a dead letter with its last error", async () => {
  const job = hopeless();
  const id = await enqueue(job, MOST_ATTEMPTS - 2);
  assert.equal((await drain()).retried, 1);
  await stage.database.hurry(job.eventId);
  assert.equal((await drain()).buried, 1);
  const letter = await buried(id);
  assert.deepEqual(letter?.job, job);
  assert.match(letter?.error ?? "", /it is not in the ledger$/);
  assert.equal(await waiting(id), undefined);
  const errors = await stage.database.sql`select from private.job_errors where lane = 'control' and job_id = ${id}`;
  assert.equal(errors.length, 0);
});

testQueue("a job whose process dies each time becomes a dead letter without another attempt", async () => {
  const ada = await newcomer(stage, "ada");
  const id = await enqueue({ kind: "converge", userId: ada.id }, MOST_ATTEMPTS);
  assert.equal((await drain()).buried, 1);
  assert.match((await buried(id))?.error ?? "", /its process ended/);
  assert.deepEqual((await stage.twilio.requests()).filter(({ query }) => query["FriendlyName"]?.includes(ada.id)), []);
});

const STRANGE: Record<string, unknown> = {
  "of an unknown kind": { kind: "make-coffee" },
  "without a kind": { userId: crypto.randomUUID() },
  "with an invalid user id": { kind: "converge", userId: "1 or 1=1" },
  "that is a string": "converge",
  "that is null": null,
  "that is a list": [{ kind: "converge" }],
};

for (const [title, job] of Object.entries(STRANGE)) {
  testQueue(`a job ${title} is retried, and becomes a dead letter`, async () => {
    const id = await enqueue(job, MOST_ATTEMPTS - 2);
    assert.equal((await drain()).retried, 1);
    await stage.database.sql`update pgmq.q_jobs_control set vt = now() where msg_id = ${id}`;
    assert.equal((await drain()).buried, 1);
    assert.deepEqual((await buried(id))?.job, job);
  });
}

testQueue("a job that waits never counts as failed, however long it waits", async () => {
  const ada = await newcomer(stage, "ada");
  await stage.twilio.fault({ match: "POST /Accounts", kind: "drop_before" });
  assert.equal((await ada.call("provision-subaccount", { method: "POST" })).status, 202);
  for (let looked = 0; looked < MOST_ATTEMPTS + 2; looked++) {
    await stage.database.hurry(ada.id);
    assert.deepEqual(await drain(), { done: 0, waiting: 1, retried: 0, buried: 0 });
  }
  await stage.database.sql`
    update private.tenancies set create_attempted_at = create_attempted_at - interval '1 minute' where user_id = ${ada.id}`;
  await stage.database.hurry(ada.id);
  assert.equal((await drain()).done, 1);
  assert.equal((await openAccounts(stage, ada)).length, 1);
});

/** Faults of Twilio, and the error they leave on the job. */
const OUTSIDE: Record<string, { fault: Record<string, unknown>; error: RegExp }> = {
  "a broken connection": { fault: { kind: "drop_before", times: 10 }, error: /^twilio unknown/ },
  "a 503": { fault: { kind: "503", times: 3 }, error: /^twilio unknown/ },
  "an HTML page": { fault: { kind: "502", times: 3, body: "html" }, error: /^twilio unknown/ },
  "throttling": { fault: { kind: "429", times: 3, retryAfter: 0 }, error: /^twilio throttled/ },
  "refused credentials": { fault: { kind: "401" }, error: /^twilio account 20003/ },
  "a 400": { fault: { kind: "400" }, error: /^twilio refused 20001/ },
};

for (const [title, { fault, error }] of Object.entries(OUTSIDE)) {
  testQueue(`a job that meets ${title} at Twilio is retried, and keeps the error`, async () => {
    const userId = crypto.randomUUID();
    const id = await enqueue({ kind: "converge", userId });
    await stage.twilio.fault({ match: "GET /Accounts", ...fault });
    assert.equal((await drain()).retried, 1);
    assert.match((await waiting(id))?.error ?? "", error);
    await stage.twilio.clearFaults();
    await stage.database.hurry(userId);
    assert.equal((await drain()).done, 1);
  });
}

testQueue("a job that meets an error of Stripe is retried, and keeps the error", async () => {
  const eventId = `evt_${crypto.randomUUID()}`;
  const payload = { data: { object: { id: "sub_unknown", customer: "cus_unknown" } } };
  await stage.database.sql`
    insert into public.webhook_events (provider, event_id, type, payload)
    values ('stripe', ${eventId}, 'customer.subscription.updated', ${stage.database.sql.json(payload)})`;
  for (const fault of [{ kind: "drop_before", times: 10 }, { kind: "status", status: 401 }]) {
    await stage.stripe.fault({ match: "GET /v1/subscriptions", ...fault });
    const id = await enqueue({ kind: "stripe-event", eventId });
    assert.equal((await drain()).retried, 1);
    assert.match((await waiting(id))?.error ?? "", /^\w*Error: ./);
    await stage.stripe.clearFaults();
    await stage.database.sql`select pgmq.delete('jobs_control', ${id}::bigint)`;
  }
});

testQueue("no secret is in the errors and logs of these failures", async () => {
  const { sql } = stage.database;
  const kept = await sql`
    select error as line from private.job_errors
    union all select message::text from pgmq.q_jobs_dead
    union all select last_error from private.tenancies where last_error is not null`;
  const lines = [...log, ...kept.map((row) => row["line"] as string)];
  assert.ok(lines.some((line) => line.includes("job.failed")), "the functions' log is missing");
  const secrets = JSON.parse(await Deno.readTextFile(`${stage.state.dataDir}/secrets.json`));
  const { accounts } = await stage.twilio.get("/Accounts.json?PageSize=1000");
  const words: string[] = [
    stage.state.secretKey,
    stage.state.stripe.webhookSecret,
    secrets.jwtSecret,
    JSON.parse(secrets.tokenSealingKeys).k1,
    "sk_test_",
    ...accounts.map((account: { auth_token: string }) => account.auth_token),
  ];
  for (const word of words) {
    assert.ok(word.length >= 8);
    assert.deepEqual(lines.filter((line) => line.includes(word)), []);
  }
});
