import assert from "node:assert/strict";
import { type Actor, type Answer } from "../../local/driver/actor.ts";
import { eventually } from "../../local/driver/eventually.ts";
import { assertRefused } from "../support/answers.ts";
import { ownStage, test } from "../support/stage.ts";
import { newcomer, openAccounts, quiescence } from "../support/tenants.ts";

const { stage, stack, log } = ownStage({ env: { CREATE_SETTLE_SECONDS: "1" } });
const POST = { method: "POST" };

/** Asserts that the tenant has one open account in the end, and that the database has it with its token. */
async function assertOneAccount(tenant: Actor): Promise<string> {
  await quiescence(stage, tenant);
  const open = await openAccounts(stage, tenant);
  const stored = await stage.database.preferencesOf(tenant.id);
  assert.deepEqual([open.length, open[0]], [1, stored?.sid]);
  assert.equal(stored?.status, "active");
  assert.match(stored?.token ?? "", /^v1\./);
  const again = await tenant.call("provision-subaccount", POST);
  assert.deepEqual([again.status, again.body.subaccountSid], [200, open[0]]);
  return open[0]!;
}

interface Trouble {
  title: string;
  faults: Record<string, unknown>[];
  answer: [status: number, what: string];
}

const CREATION = "POST /Accounts";
const TROUBLES: Trouble[] = [
  {
    title: "a creation whose response is lost is found within the request",
    faults: [{ match: CREATION, kind: "drop_after_commit" }],
    answer: [201, "active"],
  },
  {
    title: "a creation that succeeds although Twilio responds with 500 is found within the request",
    faults: [{ match: CREATION, kind: "500", committed: true }],
    answer: [201, "active"],
  },
  {
    title: "a creation that never reached Twilio is repeated once it can no longer appear",
    faults: [{ match: CREATION, kind: "drop_before" }],
    answer: [202, "pending"],
  },
  {
    title: "a creation that met a 500 is repeated once it can no longer appear",
    faults: [{ match: CREATION, kind: "500" }],
    answer: [202, "pending"],
  },
  {
    title: "a creation that met an HTML page is repeated once it can no longer appear",
    faults: [{ match: CREATION, kind: "503", body: "html" }],
    answer: [202, "pending"],
  },
  {
    title: "a creation that fails twice in different ways results in one account",
    faults: [{ match: CREATION, kind: "drop_before" }, { match: CREATION, kind: "drop_after_commit" }],
    answer: [202, "pending"],
  },
  {
    title: "a creation that is throttled once is repeated within the request",
    faults: [{ match: CREATION, kind: "429", retryAfter: 0 }],
    answer: [201, "active"],
  },
  {
    title: "a creation that is throttled repeatedly gets an error, and is made later",
    faults: [{ match: CREATION, kind: "429", retryAfter: 0, times: 3 }],
    answer: [429, "twilio_throttled"],
  },
  {
    title: "a creation Twilio refuses gets an error, and is made once Twilio accepts it",
    faults: [{ match: CREATION, kind: "400" }],
    answer: [422, "twilio_refused"],
  },
  {
    title: "a wrong master token is reported as twilio_misconfigured, not as an error of the tenant",
    faults: [{ match: CREATION, kind: "401" }],
    answer: [502, "twilio_misconfigured"],
  },
  {
    title: "a lookup at Twilio that fails once is repeated within the request",
    faults: [{ match: "GET /Accounts", kind: "drop_before" }],
    answer: [201, "active"],
  },
  {
    title: "without a lookup at Twilio no account is created, and it is created later",
    faults: [{ match: "GET /Accounts", kind: "503", times: 3 }],
    answer: [503, "twilio_unavailable"],
  },
  {
    title: "an account whose creation could not be confirmed is found by the next successful lookup",
    faults: [{ match: CREATION, kind: "drop_after_commit" }, { match: "GET /Accounts", kind: "503", times: 6 }],
    answer: [503, "twilio_unavailable"],
  },
];

for (const { title, faults, answer: [status, what] } of TROUBLES) {
  test(title, async () => {
    const ada = await newcomer(stage, "ada");
    for (const fault of faults) await stage.twilio.fault(fault);
    const answer = await ada.call("provision-subaccount", POST);
    try {
      assert.deepEqual([answer.status, whatOf(answer)], [status, what]);
      await assertOneAccount(ada);
    } finally {
      await stage.twilio.clearFaults();
    }
  });
}

const whatOf = ({ status, body }: Answer) => status < 400 ? body.status : body.code;

test("while a creation may still appear, no second account is created, however often the tenant asks", async () => {
  const ada = await newcomer(stage, "ada");
  await stage.twilio.fault({ match: CREATION, kind: "drop_before" });
  const before = (await stage.twilio.requests()).at(-1)?.id ?? 0;
  for (let asked = 0; asked < 3; asked++) {
    const { status, body } = await ada.call("provision-subaccount", POST);
    assert.deepEqual([status, body.subaccountSid, body.status], [202, null, "pending"]);
  }
  const creations = (await stage.twilio.requests(before)).filter(({ path, method }) =>
    method === "POST" && path.endsWith("/Accounts.json")
  );
  assert.equal(creations.length, 1);
  await assertOneAccount(ada);
});

test("at Twilio's account limit a tenant gets 503, and an account once there is room", async () => {
  const ada = await newcomer(stage, "ada");
  await stage.twilio.configure({ maxSubaccounts: 0 });
  try {
    const answer = await ada.call("provision-subaccount", POST);
    assertRefused(answer, [503, "subaccount_limit_reached"]);
    assert.equal(answer.headers.get("retry-after"), "3600");
  } finally {
    await stage.twilio.configure({ maxSubaccounts: 1000 });
  }
  await assertOneAccount(ada);
});

test("a process that dies while Twilio creates the account leaves one account, which the next process adopts", async () => {
  const ada = await newcomer(stage, "ada");
  await stage.twilio.fault({ match: CREATION, kind: "delay:5000" });
  const dying = ada.call("provision-subaccount", POST);
  const sid = await eventually("the account at Twilio", async () => (await openAccounts(stage, ada))[0]);
  stack().killFunctions();
  assert.equal((await dying).status, 502);
  assert.equal((await stage.database.preferencesOf(ada.id))?.sid ?? null, null);
  // The dead process holds the lease until it expires.
  await stage.database.sql`update private.tenancies set leased_until = now() where user_id = ${ada.id}`;
  assert.equal(await assertOneAccount(ada), sid);
});

test("no account token is in a log line, an error, an audit line or a job", async () => {
  const ada = await newcomer(stage, "ada");
  await ada.call("provision-subaccount", POST);
  const { accounts } = await stage.twilio.get("/Accounts.json?PageSize=1000");
  const tokens: string[] = accounts.map((account: { auth_token: string }) => account.auth_token);
  assert.ok(tokens.length > TROUBLES.length && tokens.every((token) => token.length === 32));
  const { sql } = stage.database;
  const kept = await sql`
    select to_jsonb(t)::text as line from private.tenancies t
    union all select to_jsonb(a)::text from public.audit_log a
    union all select to_jsonb(e)::text from private.job_errors e
    union all select message::text from private.jobs
    union all select message::text from pgmq.q_jobs_dead
    union all select to_jsonb(p)::text from public.user_preferences p`;
  assert.ok(log.some((line) => line.includes('"job.failed"')), "the functions' log is missing");
  const lines = [...log, ...kept.map((row) => row["line"])];
  for (const token of tokens) assert.deepEqual(lines.filter((line) => line.includes(token)), []);
  assert.deepEqual(log.filter((line) => /v1\.k1\./.test(line)), []);
});

test("while Twilio has suspended the master account, no tenant is recorded as suspended and convergence waits with an alert, and all work again after it", async () => {
  const ada = await newcomer(stage, "ada");
  assert.equal((await ada.call("provision-subaccount", POST)).status, 201);
  await quiescence(stage, ada);
  const search = async () => (await ada.call("search-numbers?country=US")).status;
  await stage.twilio.configure({ masterSuspended: true, inactiveAccountsRead: true });
  try {
    // A purchase is refused for the account, so its status is read.
    assertRefused(await ada.call("buy-number", { body: { phoneNumber: "+14155550142" } }), [
      502,
      "twilio_misconfigured",
    ]);
    await eventually("the failed convergence", async () => {
      const [row] = await stage.database.sql`select last_error from private.tenancies where user_id = ${ada.id}`;
      return /master account is suspended/.test(row?.["last_error"] ?? "");
    });
    assert.equal((await stage.database.preferencesOf(ada.id))?.status, "active");
    await eventually("the waiting job, without a failed attempt", async () => {
      const waiting = await stage.database.sql`
        select from private.jobs where message ->> 'userId' = ${ada.id} and vt > now() + interval '4 minutes' and read_ct = 0`;
      return waiting.length === 1;
    });
    const alerts = await stage.database.sql`select subject from public.operator_alerts
      where kind = 'master_account_inactive' and settled_at is null`;
    assert.equal(alerts.length, 1);
    assert.match(alerts[0]?.["subject"], /^AC[0-9a-f]{32}$/);
  } finally {
    await stage.twilio.configure({ masterSuspended: false, inactiveAccountsRead: false });
  }
  assert.equal(await search(), 200);
  assert.equal((await ada.call("provision-subaccount", POST)).body.status, "active");
});
