import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { type Actor, signUp } from "../../local/driver/actor.ts";
import { eventually } from "../../local/driver/eventually.ts";
import { assertRefused } from "../support/answers.ts";
import { signUpOperator } from "../support/operators.ts";
import { ownStage, test } from "../support/stage.ts";
import { allow, freshRecipient, provisioned, quiescence, type Tenant, withNumber } from "../support/tenants.ts";
import { isAccepted, primaryToken, rotateByHand, storedTokens } from "../support/token-rows.ts";
import { postTwilioCallback } from "../support/webhooks.ts";

const { stage, stack, log } = ownStage({});

const askToRotate = (operator: Actor, { id }: Tenant) =>
  operator.switchboard.admin.rotateToken({ userId: id, reason: "leaked" });

/** Asserts that the tenant has exactly one token: Twilio's primary one, stored, and different from before. */
async function assertRotated(tenant: Tenant): Promise<string> {
  const { inUse, next, previous } = await storedTokens(stage, tenant);
  assert.equal(await primaryToken(stage, tenant.accountSid), inUse);
  assert.notEqual(inUse, tenant.authToken);
  assert.deepEqual([next, previous], [null, tenant.authToken]);
  assert.deepEqual([await isAccepted(stage, tenant.accountSid, inUse)], [true]);
  assert.equal(await isAccepted(stage, tenant.accountSid, tenant.authToken), false);
  return inUse;
}

const inboundAs = (tenant: Tenant, token: string) =>
  postTwilioCallback(stage.state, {
    path: `inbound/${tenant.id}`,
    token,
    form: {
      AccountSid: tenant.accountSid,
      MessageSid: `SM${crypto.randomUUID().replaceAll("-", "")}`,
      From: freshRecipient(),
      To: "+14155550100",
      Body: "in flight",
      NumMedia: "0",
    },
  });

async function auditOf({ id }: Tenant): Promise<string[]> {
  const lines = await stage.database
    .sql`select action from public.audit_log where user_id = ${id} and action like 'token.%' order by id`;
  return lines.map(({ action }) => action);
}

test("an operator rotates a tenant's token, and webhooks signed with the old token are accepted for a limited time", async () => {
  const [operator, ada] = await Promise.all([signUpOperator(stage), withNumber(stage, "ada")]);
  await askToRotate(operator, ada);
  await quiescence(stage, ada);
  const token = await assertRotated(ada);
  // The limit is ten minutes. Webhooks that are verified with kept tokens keep it, too.
  await stage.database
    .sql`update private.token_rotations set previous_until = now() + interval '10 seconds' where user_id = ${ada.id}`;
  assert.equal((await ada.call("send-sms", { body: { to: freshRecipient(), body: "hi" } })).status, 201);
  assert.deepEqual([(await inboundAs(ada, ada.authToken)).status, (await inboundAs(ada, token)).status], [200, 200]);
  await eventually("the old token to end", async () => (await inboundAs(ada, ada.authToken)).status === 403);
  assert.equal((await inboundAs(ada, token)).status, 200);
  await stage.database.enqueue({ kind: "forget-previous-tokens" });
  await eventually("the old token to be deleted", async () => (await storedTokens(stage, ada)).previous === null);
  assert.deepEqual(await auditOf(ada), [
    "token.rotation_requested",
    "token.secondary_created",
    "token.rotated",
    "token.previous_forgotten",
  ]);
});

test("during a rotation webhooks signed with the primary or the secondary token are accepted, and with another key refused", async () => {
  const [operator, ada] = await Promise.all([signUpOperator(stage), provisioned(stage, "ada")]);
  await stage.twilio.fault({ match: "POST /accounts.twilio.com/v1/AuthTokens/Promote", kind: "delay:1500" });
  await askToRotate(operator, ada);
  const next = await eventually("the secondary token to be stored", async () => (await storedTokens(stage, ada)).next);
  const answers = await Promise.all([ada.authToken, next, "f".repeat(32)].map((token) => inboundAs(ada, token)));
  assert.deepEqual(answers.map(({ status }) => status), [200, 200, 403]);
  await quiescence(stage, ada);
  assert.equal(await assertRotated(ada), next);
});

test("a rotation during 50 sends and their callbacks loses no message and no callback, and sends none twice", async () => {
  const [operator, ada] = await Promise.all([signUpOperator(stage), withNumber(stage, "ada")]);
  await allow(stage, ada, {});
  await quiescence(stage, ada);
  // Promoted at once, but the response is delayed. Meanwhile the functions use a token that Twilio no longer accepts.
  await stage.twilio.fault({ match: "POST /accounts.twilio.com/v1/AuthTokens/Promote", kind: "delay:1500" });
  const before = (await stage.twilio.requests()).at(-1)?.id ?? 0;
  await askToRotate(operator, ada);
  // The first ten go out before the promotion. The promotion's request follows right after the secondary token is stored.
  const promoting = eventually("the secondary token", async () => (await storedTokens(stage, ada)).next);
  const sends = Array.from({ length: 50 }, async (_, index) => {
    if (index >= 10) await promoting;
    await new Promise((resolve) => setTimeout(resolve, (index < 10 ? index : index - 10) * 40));
    return await ada.call("send-sms", { body: { to: freshRecipient(), body: `burst ${index}` } });
  });
  const answers = await Promise.all(sends);
  assert.deepEqual(answers.map(({ status }) => status), Array(50).fill(201));
  await quiescence(stage, ada);
  await assertRotated(ada);

  const accepted = await stage.twilio.messagesOf(ada.accountSid);
  assert.deepEqual(
    accepted.map(({ body }) => body).sort(),
    Array.from({ length: 50 }, (_, index) => `burst ${index}`).sort(),
  );
  const posts = (await stage.twilio.requests(before)).filter(({ method, path }) =>
    method === "POST" && path.includes(ada.accountSid) && path.endsWith("/Messages.json")
  );
  const refused = posts.filter(({ status }) => status === 401).length;
  assert.ok(refused > 0, "no send used the old token after the promotion");
  assert.equal(posts.length, 50 + refused);
  await eventually("every message to be delivered", async () => {
    const [row] = await stage.database.sql`
      select count(*)::int as n from public.sms_messages where user_id = ${ada.id} and status = 'delivered'`;
    return row?.["n"] === 50;
  });
  const webhooks = (await stage.twilio.webhooks()).filter(({ params }) => params["AccountSid"] === ada.accountSid);
  assert.deepEqual(webhooks.filter(({ status }) => status !== 204), []);
  console.log(
    `figures: a rotation during 50 sends, ${refused} of them repeated, ${webhooks.length} callbacks, none lost`,
  );
});

const TOKENS = "/accounts.twilio.com/v1/AuthTokens";
const CALLS = [`DELETE ${TOKENS}/Secondary`, `POST ${TOKENS}/Secondary`, `POST ${TOKENS}/Promote`];

for (const match of CALLS) {
  for (const kind of ["drop_before", "drop_after_commit", "429"]) {
    test(`a rotation whose "${match}" meets ${kind} ends with one token`, async () => {
      const [operator, ada] = await Promise.all([signUpOperator(stage), provisioned(stage, "ada")]);
      await stage.twilio.fault({ match, kind, ...(kind === "429" && { retryAfter: 0, times: 4 }) });
      try {
        await askToRotate(operator, ada);
        await quiescence(stage, ada);
        await assertRotated(ada);
      } finally {
        await stage.twilio.clearFaults();
      }
    });
  }

  test(`a process that dies while Twilio answers "${match}" leaves a rotation that the next process finishes`, async () => {
    const [operator, ada] = await Promise.all([signUpOperator(stage), provisioned(stage, "ada")]);
    const before = (await stage.twilio.requests()).at(-1)?.id ?? 0;
    await stage.twilio.fault({ match, kind: "delay:2000" });
    await askToRotate(operator, ada);
    const [method, path] = match.split(" ");
    await eventually(
      "the call to reach Twilio",
      async () => (await stage.twilio.requests(before)).some((seen) => seen.method === method && seen.path === path),
    );
    await dieAndRecover(ada);
  });
}

test("a process that dies at any moment of a rotation leaves one that the next process finishes", async () => {
  const operator = await signUpOperator(stage);
  for (let turn = 0; turn < 3; turn++) {
    const ada = await provisioned(stage, `ada-${turn}`);
    for (const match of CALLS) await stage.twilio.fault({ match, kind: "delay:100" });
    await askToRotate(operator, ada);
    await new Promise((resolve) => setTimeout(resolve, randomInt(600)));
    await dieAndRecover(ada);
    await stage.twilio.clearFaults();
  }
});

async function dieAndRecover(tenant: Tenant): Promise<void> {
  stack().killFunctions();
  await eventually("the next process to finish the rotation", async () => {
    // The dead process holds the lease and its job until they expire. Running processes hold a lease for less than 3 seconds.
    await stage.database.sql`
      update private.tenancies set leased_until = now()
      where user_id = ${tenant.id} and leased_until < now() + interval '87 seconds'`;
    await stage.database.abandon(tenant.id);
    return await stage.database.isQuiet(tenant.id);
  }, 60_000);
  await assertRotated(tenant);
}

test("a token changed in Twilio's console is detected by the first failing request, and stored", async () => {
  const ada = await withNumber(stage, "ada");
  const token = await rotateByHand(stage, ada.accountSid, ada.authToken);
  const send = () => ada.call("send-sms", { body: { to: freshRecipient(), body: "hi" } });
  assertRefused(await send(), [502, "twilio_misconfigured"]);
  await quiescence(stage, ada);
  assert.equal((await storedTokens(stage, ada)).inUse, token);
  assert.equal((await send()).status, 201);
  assert.deepEqual(await auditOf(ada), ["token.changed_at_twilio"]);
});

test("a token older than 90 days is rotated by the job, and a newer one is not", async () => {
  const [old, young] = await Promise.all([provisioned(stage, "old"), provisioned(stage, "young")]);
  await stage.database.sql`
    update public.user_preferences set twilio_subaccount_created_at = now() - interval '91 days' where user_id = ${old.id}`;
  await stage.database.enqueue({ kind: "rotate-old-tokens" });
  await eventually("the rotation request to be recorded", async () => (await auditOf(old)).length > 0);
  await quiescence(stage, old);
  await assertRotated(old);
  assert.equal(await primaryToken(stage, young.accountSid), young.authToken);
});

test("only an operator can rotate, and only the token of an active account", async () => {
  const [operator, ada, newcomer] = await Promise.all([
    signUpOperator(stage),
    provisioned(stage, "ada"),
    signUp(stage.state, "newcomer"),
  ]);
  assertRefused(await ada.call("admin/rotate-token", { body: { userId: ada.id, reason: "leaked" } }), [
    403,
    "forbidden",
  ]);
  const rotate = (userId: string) => operator.call("admin/rotate-token", { body: { userId, reason: "leaked" } });
  assertRefused(await rotate(newcomer.id), [404, "not_found"]);
  await stage.database.hold(ada.id, "suspended");
  await quiescence(stage, ada);
  assertRefused(await rotate(ada.id), [403, "subaccount_suspended"]);
});

test("no account token, old or new, is in a log line, an audit line or a job", async () => {
  const { accounts } = await stage.twilio.get("/Accounts.json?PageSize=1000");
  const { sql } = stage.database;
  const kept = await sql`
    select to_jsonb(a)::text as line from public.audit_log a
    union all select to_jsonb(r)::text from private.token_rotations r
    union all select to_jsonb(e)::text from private.job_errors e
    union all select message::text from private.jobs
    union all select message::text from pgmq.q_jobs_dead`;
  const lines = [...log, ...kept.map((row) => row["line"])];
  assert.ok(log.some((line) => line.includes('"token.step"')), "the functions' log is missing");
  for (const { auth_token } of accounts) assert.deepEqual(lines.filter((line) => line.includes(auth_token)), []);
});
