import assert from "node:assert/strict";
import { type Actor, callFunction } from "../../local/driver/actor.ts";
import { eventually } from "../../local/driver/eventually.ts";
import { Webhook } from "standardwebhooks";
import { listen } from "../support/listener.ts";
import { assertRefused } from "../support/answers.ts";
import { ownStage, test } from "../support/stage.ts";
import { tokenFor } from "../support/tokens.ts";
import { allow, freshRecipient, newcomer, openAccounts, quiescence } from "../support/tenants.ts";

/** The receiver of the operator's alerts. */
const pager = await listen();
Deno.test.afterAll(async () => await pager[Symbol.asyncDispose]());
const PAGER_SECRET = `whsec_${btoa("a secret of thirty-two bytes ....")}`;

/** A deployment with default settings, except for the account limit, the allowed origin, the second factor of operators and the receiver of alerts. */
const { stage } = ownStage({
  env: {
    SELF_PROVISIONING: "subscribers",
    MASTER_FALLBACK: "off",
    MAX_SUBACCOUNTS: "3",
    ALLOWED_ORIGINS: "https://app.example.com",
    OPERATOR_MFA: "required",
    OPERATOR_ALERT_URL: `${pager.url}/alerts`,
    OPERATOR_ALERT_SECRET: PAGER_SECRET,
  },
});
const POST = { method: "POST" };

async function subscriber(name: string): Promise<Actor> {
  const actor = await newcomer(stage, name);
  await allow(stage, actor, {});
  return actor;
}

test("a user without a subscription cannot provision a subaccount, and the request is not kept", async () => {
  const ada = await newcomer(stage, "ada");
  assertRefused(await ada.call("provision-subaccount", POST), [403, "subscription_required"]);
  assert.equal(await stage.database.isQuiet(ada.id), true);
  assert.deepEqual(await openAccounts(stage, ada), []);
  assert.equal((await ada.call("provision-subaccount")).body.provisioned, false);
});

test("a user whose subscription has ended cannot provision a subaccount either", async () => {
  const ada = await subscriber("ada");
  await stage.database.sql`update public.subscriptions set status = 'unpaid' where user_id = ${ada.id}`;
  assertRefused(await ada.call("provision-subaccount", POST), [403, "subaccount_suspended"]);
  assert.deepEqual(await openAccounts(stage, ada), []);
});

test("without the fallback no user sees or uses the master account's numbers", async () => {
  const [shared] = await eventually("the master account's numbers to be known", async () => {
    const numbers = await stage.database.sql`select phone_number from private.master_numbers`;
    return numbers.length > 0 && numbers;
  });
  const ada = await newcomer(stage, "ada");
  const listed = await ada.call("list-numbers");
  assert.deepEqual([listed.status, listed.body], [200, { source: "subaccount", numbers: [] }]);
  const to = freshRecipient();
  for (const from of [undefined, shared?.["phone_number"]]) {
    assertRefused(await ada.call("send-sms", { body: { to, body: "hi", from } }), [409, "subaccount_required"]);
  }
  assert.deepEqual((await stage.twilio.requests()).filter(({ form }) => form["To"] === to), []);
});

test("with OPERATOR_MFA=required an operator without a second factor gets 403 mfa_required", async () => {
  const sub = crypto.randomUUID();
  const call = async (aal: "aal1" | "aal2", role?: string) =>
    await callFunction(stage.state, "admin/tenants", {
      headers: {
        authorization: `Bearer ${await tokenFor(stage.state, { sub, aal, ...(role && { app_metadata: { role } }) })}`,
      },
    });
  assertRefused(await call("aal1", "operator"), [403, "mfa_required"]);
  assertRefused(await call("aal2"), [403, "forbidden"]);
  assert.equal((await call("aal2", "operator")).status, 200);
});

test("an alert is delivered to the operator's URL, signed, again after an error, and once after it was accepted", async () => {
  const { sql } = stage.database;
  // Other alerts may be delivered meanwhile.
  const attempts = () => pager.heard.filter(({ body }) => body.includes("a lane of this test"));
  pager.reply(500);
  await sql`select private.raise_alert('dead_letter', 'a lane of this test', null, '{"kind": "converge"}')`;
  await eventually("the first attempt", () => Promise.resolve(attempts().length > 0));
  pager.reply(204);
  const [alert] = await eventually("the alert to be delivered", async () => {
    await sql`update pgmq.q_jobs_forwarding set vt = now() where message ->> 'kind' = 'deliver-alert'`;
    const found = await sql`
      select id from public.operator_alerts where delivered_at is not null and subject = 'a lane of this test'`;
    return found.length > 0 && found;
  });
  await sql`select private.raise_alert('dead_letter', 'a lane of this test')`;
  const call = attempts().at(-1)!;
  assert.deepEqual([call.url, call.headers["webhook-id"]], ["/alerts", alert!["id"]]);
  const { type, data } = new Webhook(PAGER_SECRET).verify(call.body, call.headers) as {
    type: string;
    data: Record<string, unknown>;
  };
  assert.equal(type, "alert.raised");
  assert.deepEqual([data["kind"], data["subject"], data["details"]], ["dead_letter", "a lane of this test", {
    kind: "converge",
  }]);
  await eventually("the alert's jobs to be done", async () => {
    const jobs = await sql`select from private.jobs where message ->> 'kind' = 'deliver-alert'`;
    return jobs.length === 0;
  });
  assert.equal(attempts().at(-1), call);
});

test("browsers may read responses only from listed origins", async () => {
  const origin = "https://app.example.com";
  const allowed = await callFunction(stage.state, "list-numbers", { method: "OPTIONS", headers: { origin } });
  assert.equal(allowed.headers.get("access-control-allow-origin"), origin);
  // The local gateway lets loopback origins through, and refuses the others itself.
  for (const stranger of ["http://app.example.com.localhost", "https://localhost"]) {
    const answer = await callFunction(stage.state, "list-numbers", { headers: { origin: stranger } });
    assertRefused(answer, [401, "unauthorized"]);
    assert.equal(answer.headers.get("access-control-allow-origin"), null);
    assert.match(answer.headers.get("vary") ?? "", /\bOrigin\b/);
  }
});

test("six subscribers at once get no more subaccounts than the limit, and a waiting one is served later", async () => {
  const six = await Promise.all(Array.from({ length: 6 }, (_, index) => subscriber(`subscriber-${index}`)));
  const answers = await Promise.all(six.map((one) => one.call("provision-subaccount", POST)));
  const served = six.filter((_, index) => answers[index]?.status === 201);
  const waiting = six.filter((_, index) => answers[index]?.status === 503);
  assert.deepEqual([served.length, waiting.length], [3, 3], JSON.stringify(answers.map(({ status }) => status)));
  for (const answer of answers.filter(({ status }) => status === 503)) {
    assertRefused(answer, [503, "subaccount_limit_reached"]);
    assert.equal(answer.headers.get("retry-after"), "3600");
  }
  const openOf = async (tenants: Actor[]) => (await Promise.all(tenants.map((one) => openAccounts(stage, one)))).flat();
  assert.deepEqual([(await openOf(served)).length, (await openOf(waiting)).length], [3, 0]);

  const [leaving] = served;
  await stage.database.hold(leaving!.id, "closed");
  await quiescence(stage, leaving!);
  await eventually("a waiting subscriber to be served", async () => {
    for (const one of waiting) await stage.database.hurry(one.id);
    return (await openOf(waiting)).length === 1;
  });
  for (const one of waiting) await stage.database.hurry(one.id);
  assert.equal((await openOf(six)).length, 3);
});
