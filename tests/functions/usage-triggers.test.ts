import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { Actor } from "../../local/driver/actor.ts";
import { eventually } from "../../local/driver/eventually.ts";
import { assertRefused } from "../support/answers.ts";
import { sharedStage, test } from "../support/stage.ts";
import { allow, provisioned, quiescence, type Tenant } from "../support/tenants.ts";
import { postTwilioCallback } from "../support/webhooks.ts";

const stage = sharedStage();

/** Runs the job that compares a tenant's trigger with their limit. */
async function keepTrigger(tenant: Actor): Promise<void> {
  await stage.database.enqueue({ kind: "keep-usage-trigger", userId: tenant.id });
  await quiescence(stage, tenant);
}

/** A tenant whose limit is 40, and whose trigger therefore has the value 60. */
async function guarded(name: string): Promise<Tenant> {
  const tenant = await provisioned(stage, name);
  await allow(stage, tenant, { spend: 40 });
  await keepTrigger(tenant);
  return tenant;
}

const triggersOf = ({ accountSid }: Tenant) => stage.twilio.triggersOf(accountSid);
const valuesOf = async (tenant: Tenant) => (await triggersOf(tenant)).map(({ trigger_value }) => Number(trigger_value));

async function setLimit({ id }: Actor, limit: number): Promise<void> {
  await stage.database.sql`update public.plans set spend_limit = ${limit} where key = ${`of-${id}`}`;
}

/** Spends in the tenant's account without Switchboard, as with a token that leaked. */
async function spendUnseen({ accountSid }: Tenant, price: string): Promise<void> {
  await stage.twilio.charge({ accountSid, category: "calls-outbound", at: new Date().toISOString(), price });
}

const firingsOf = ({ id }: Actor) =>
  stage.database.sql`select token, has_held from private.usage_firings where user_id = ${id}`;
const alertsOf = ({ id }: Actor) =>
  stage.database
    .sql`select times, details from public.operator_alerts where user_id = ${id} and kind = 'usage_trigger'`;
const holdOf = async ({ id }: Actor) =>
  (await stage.database.sql`select operator_hold from private.tenancies where user_id = ${id}`)[0]?.["operator_hold"];

/** A callback of a tenant's trigger, signed with the token of their account. */
function callback(tenant: Tenant, triggerSid: string, value = "500", day = new Date()) {
  return {
    path: `usage/${tenant.id}`,
    token: tenant.authToken,
    form: {
      AccountSid: tenant.accountSid,
      UsageTriggerSid: triggerSid,
      UsageCategory: "totalprice",
      TriggerBy: "price",
      TriggerValue: "60.000000",
      CurrentValue: value,
      DateFired: day.toUTCString().replace("GMT", "+0000"),
      Recurring: "monthly",
      IdempotencyToken: `${tenant.accountSid}-FIRES-${triggerSid}-${day.toISOString().slice(0, 10)}`,
    },
  };
}

test("an account has one trigger at 150 % of the spend limit although the answer to its creation is lost", async () => {
  const ada = await provisioned(stage, "ada");
  await allow(stage, ada, { spend: 40 });
  await stage.twilio.fault({ match: `POST /Accounts/${ada.accountSid}/Usage/Triggers`, kind: "drop_after_commit" });
  await keepTrigger(ada);
  const [trigger, ...others] = await triggersOf(ada);
  assert.deepEqual(others, []);
  assert.deepEqual(
    [
      trigger.usage_category,
      trigger.trigger_by,
      trigger.recurring,
      Number(trigger.trigger_value),
      trigger.callback_url,
    ],
    ["totalprice", "price", "monthly", 60, `${stage.state.apiUrl}/functions/v1/twilio-webhook/usage/${ada.id}`],
  );
  assert.equal(trigger.friendly_name, "switchboard:usage:totalprice:monthly:60.00:v1");
});

test("another limit replaces the trigger, also in a suspended account, and duplicates and URLs are repaired", async () => {
  const ada = await guarded("ada");
  const [first] = await triggersOf(ada);
  await setLimit(ada, 50);
  await keepTrigger(ada);
  const [second, ...others] = await triggersOf(ada);
  assert.deepEqual([Number(second.trigger_value), second.sid !== first.sid, others], [75, true, []]);
  await stage.twilio.setStatus(ada.accountSid, "suspended");
  const base = `/Accounts/${ada.accountSid}/Usage/Triggers`;
  await (await stage.twilio.post(`${base}/${second.sid}.json`, { CallbackUrl: "https://old.example/" })).body?.cancel();
  const copy = {
    ...{ FriendlyName: second.friendly_name, UsageCategory: "totalprice", TriggerBy: "price", Recurring: "monthly" },
    ...{ TriggerValue: "75", CallbackUrl: "https://old.example/" },
  };
  for (const FriendlyName of [copy.FriendlyName, "the tenant's own"]) {
    assert.equal((await stage.twilio.post(`${base}.json`, { ...copy, FriendlyName })).status, 201);
  }
  await setLimit(ada, 60);
  await keepTrigger(ada);
  const found = await triggersOf(ada);
  assert.deepEqual(found.map(({ friendly_name, callback_url }) => [friendly_name, callback_url]), [
    ["switchboard:usage:totalprice:monthly:90.00:v1", first.callback_url],
    ["the tenant's own", "https://old.example/"],
  ]);
});

test("a closed account is not asked for its triggers", async () => {
  const ada = await guarded("ada");
  const asked = async () =>
    (await stage.twilio.requests()).filter(({ path }) => path.includes(`${ada.accountSid}/Usage/`));
  const before = (await asked()).length;
  await stage.database.hold(ada.id, "closed");
  await quiescence(stage, ada);
  await keepTrigger(ada);
  assert.equal((await asked()).length, before);
});

test("spending that we do not see alerts operators and suspends the tenant, once for any number of callbacks", async () => {
  const ada = await guarded("ada");
  await spendUnseen(ada, "70");
  await stage.twilio.fault({ match: `FIRE /Accounts/${ada.accountSid}/Usage/Triggers/*`, kind: "callbacks:doubled" });
  await stage.twilio.evaluateTriggers();
  await quiescence(stage, ada);
  const [trigger] = await triggersOf(ada);
  assert.equal((await stage.twilio.get(`/Accounts/${ada.accountSid}.json`)).status, "suspended");
  const replays = Array.from({ length: 5 }, () => postTwilioCallback(stage.state, callback(ada, trigger.sid, "70")));
  for (const { status } of await Promise.all(replays)) assert.equal(status, 204);
  await keepTrigger(ada);
  assert.deepEqual([...await firingsOf(ada)], [
    { token: callback(ada, trigger.sid).form.IdempotencyToken, has_held: true },
  ]);
  const [alert, ...others] = await alertsOf(ada);
  assert.deepEqual([alert?.["times"], alert?.["details"].currentValue, alert?.["details"].held, others.length], [
    1,
    70,
    true,
    0,
  ]);
});

test("a firing whose callbacks failed with 5xx, or were lost, is found at Twilio and treated like its callback", async () => {
  const { sql } = stage.database;
  const signature = sql`public.record_usage_callback(uuid, text, text, text, timestamptz, numeric)`;
  const ada = await guarded("ada");
  await spendUnseen(ada, "70");
  await sql`revoke execute on function ${signature} from service_role`;
  try {
    await stage.twilio.evaluateTriggers();
  } finally {
    await sql`grant execute on function ${signature} to service_role`;
  }
  const attempts = (await stage.twilio.webhooks()).filter(({ params }) => params["AccountSid"] === ada.accountSid);
  assert.deepEqual(attempts.map(({ purpose, status }) => [purpose, status]), Array(4).fill(["usage", 503]));
  assert.equal((await firingsOf(ada)).length, 0);
  await keepTrigger(ada);
  assert.deepEqual((await firingsOf(ada)).map(({ has_held }) => has_held), [true]);
  await eventually(
    "the account to be suspended",
    async () => (await stage.twilio.get(`/Accounts/${ada.accountSid}.json`)).status === "suspended",
  );
});

test("a firing of which we count at least half alerts operators and suspends no tenant", async () => {
  const ada = await guarded("ada");
  const [trigger] = await triggersOf(ada);
  await stage.database.sql`
    insert into private.fees (user_id, key, kind, cost) values (${ada.id}, 'spent', 'other', 35)`;
  assert.equal((await postTwilioCallback(stage.state, callback(ada, trigger.sid, "69"))).status, 204);
  assert.deepEqual([(await alertsOf(ada)).length, await holdOf(ada)], [1, null]);
});

test("forged callbacks, those of other accounts and of unknown triggers lead to nothing", async () => {
  const [ada, ben] = await Promise.all([guarded("ada"), guarded("ben")]);
  const [[own], [foreign]] = await Promise.all([triggersOf(ada), triggersOf(ben)]);
  const genuine = callback(ada, own.sid);
  const refused = [403, "forbidden"] as const;
  for (
    const forged of [
      { ...genuine, token: randomBytes(16).toString("hex") },
      { ...genuine, token: ben.authToken },
      { ...genuine, form: { ...genuine.form, CurrentValue: "9999" }, signed: { form: genuine.form } },
      { ...callback(ben, foreign.sid), path: `usage/${ada.id}` },
      {
        ...genuine,
        token: stage.state.twilio.authToken,
        form: { ...genuine.form, AccountSid: stage.state.twilio.accountSid },
      },
    ]
  ) assertRefused(await postTwilioCallback(stage.state, forged), [...refused]);
  for (const odd of [callback(ada, foreign.sid), callback(ada, own.sid, "much"), callback(ada, "UT1")]) {
    assert.equal((await postTwilioCallback(stage.state, odd)).status, 204);
  }
  for (const tenant of [ada, ben]) {
    assert.deepEqual([(await alertsOf(tenant)).length, (await firingsOf(tenant)).length, await holdOf(tenant)], [
      0,
      0,
      null,
    ]);
  }
});

test("a tenant becomes due by their account and their plan, and the schedule keeps their trigger", async () => {
  const ada = await guarded("ada");
  await setLimit(ada, 80);
  await stage.database.sql`
    update private.due_work set due_at = now()
    where kind in ('usage_trigger', 'changed_spend_limit') and user_id = ${ada.id}`;
  await stage.database.enqueue({ kind: "keep-usage-triggers" });
  await eventually("the trigger of the new limit", async () => (await valuesOf(ada)).join() === "120");
});
