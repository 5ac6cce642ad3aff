import assert from "node:assert/strict";
import type { Actor, Answer } from "../../local/driver/actor.ts";
import { eventually } from "../../local/driver/eventually.ts";
import { assertRefused } from "../support/answers.ts";
import { becomes, ledgerOf, sendsTo } from "../support/ledger.ts";
import { sharedStage, test } from "../support/stage.ts";
import { allow, type Caller, freshRecipient, newcomer, withNumber } from "../support/tenants.ts";

const stage = sharedStage();

/** Handsets by country, enough of each that tests never share one. */
const HANDSETS: Record<string, () => string> = {
  US: freshRecipient,
  DE: () => `+4915${String(Math.random()).slice(2, 11).padEnd(9, "7")}`,
  JM: () => `+1876${freshRecipient().slice(5)}`,
};
const handsetIn = (country: string) => HANDSETS[country]!();

const send = (tenant: Actor, to: string, body = "Hello"): Promise<Answer> =>
  tenant.call("send-sms", { body: { to, body } });

/** A tenant with a plan of their own, whose number costs nothing: these limits are about messages. */
async function onPlan(name: string, plan: { countries?: string[] | null; spend?: number; segment?: number }) {
  const tenant = await withNumber(stage, name);
  await allow(stage, tenant, {});
  const { countries = null, spend = 1000, segment = 0.01 } = plan;
  await stage.database.sql`
    update public.plans set allowed_countries = ${countries}, spend_limit = ${spend}, segment_price = ${segment}
    where key = ${`of-${tenant.id}`}`;
  await stage.database.sql`update private.number_purchases set monthly_price = 0 where user_id = ${tenant.id}`;
  return tenant;
}

async function narrowTo(tenant: Caller, allowedCountries: string[] | null): Promise<void> {
  const settings = await tenant.switchboard.messagingSettings();
  await tenant.switchboard.saveMessagingSettings({ ...settings, allowedCountries });
}

async function assertOutOfReach(tenant: Actor, country: string): Promise<void> {
  const to = handsetIn(country);
  const details = assertRefused(await send(tenant, to), [403, "destination_not_enabled"]);
  assert.deepEqual(details, [{ field: "to", code: "country_not_enabled", country }]);
  assert.deepEqual(await sendsTo(stage, to), []);
}

async function assertReaches(tenant: Actor, country: string): Promise<void> {
  const answer = await send(tenant, handsetIn(country));
  assert.equal(answer.status, 201, answer.body.message);
}

test("a country outside the plan's list is refused with its name, nothing is recorded, and Twilio is not asked", async () => {
  const ada = await onPlan("ada", { countries: ["US", "DE"] });
  await assertReaches(ada, "DE");
  await assertOutOfReach(ada, "JM");
  assert.equal((await ledgerOf(stage, ada)).length, 1);
});

test("a plan without a list allows every country, and one with an empty list none", async () => {
  const [ada, ben] = [await onPlan("ada", {}), await onPlan("ben", { countries: [] })];
  for (const country of Object.keys(HANDSETS)) await assertReaches(ada, country);
  await assertOutOfReach(ben, "US");
});

test("the default plans exclude the islands behind +1, and the shared numbers reach North America only", async () => {
  const [ada, ben] = [await withNumber(stage, "ada"), await newcomer(stage, "ben")];
  await assertReaches(ada, "DE");
  await assertOutOfReach(ada, "JM");
  await assertOutOfReach(ben, "DE");
  await assertReaches(ben, "US");
});

test("a tenant's own list narrows the plan's for that tenant, until they remove it", async () => {
  const [ada, ben] = [
    await onPlan("ada", { countries: ["US", "DE"] }),
    await onPlan("ben", { countries: ["US", "DE"] }),
  ];
  await narrowTo(ada, ["DE"]);
  await assertOutOfReach(ada, "US");
  await assertReaches(ada, "DE");
  await assertReaches(ben, "US");
  await narrowTo(ada, null);
  await assertReaches(ada, "US");
});

test("a tenant's own list never extends the plan's", async () => {
  const ada = await onPlan("ada", { countries: ["US"] });
  await narrowTo(ada, ["US", "JM"]);
  await assertOutOfReach(ada, "JM");
  await assertReaches(ada, "US");
});

test("at the spend limit the next message gets 402 with what is left and no Retry-After, and Twilio is not asked", async () => {
  const ada = await onPlan("ada", { spend: 1, segment: 0.4 });
  assert.equal((await send(ada, freshRecipient())).status, 201);
  const long = freshRecipient();
  const answer = await send(ada, long, "x".repeat(161)); // two segments at 0.6 left
  const [detail] = assertRefused(answer, [402, "spend_limit_reached"]);
  const periodEnd = new Date(new Date().setUTCMonth(new Date().getUTCMonth() + 1, 1)).toISOString().slice(0, 10);
  assert.deepEqual(detail, { limit: 1, used: 0.4045, left: 0.5955, periodEnd: `${periodEnd}T00:00:00.000Z` });
  assert.equal(answer.headers.get("retry-after"), null);
  assert.deepEqual(await sendsTo(stage, long), []);
  const noticed = await send(ada, freshRecipient());
  const { percent, used, left } = noticed.body.spending;
  assert.deepEqual([noticed.status, percent, used, left], [201, 80, 0.809, 0.191]);
  const { data: notices } = await ada.data.from("tenant_notices").select("kind, details");
  const amounts = (details: unknown) => details as { percent: number; used: number };
  assert.deepEqual(notices!.map(({ kind, details }) => [kind, amounts(details).percent, amounts(details).used]), [
    ["usage.threshold", 80, 0.809],
  ]);
  assertRefused(await send(ada, freshRecipient()), [402, "spend_limit_reached"]);
  assert.equal((await ledgerOf(stage, ada)).length, 2);
});

test("Twilio's price replaces the estimated cost of a message", async () => {
  const ada = await onPlan("ada", { spend: 1, segment: 0.6 });
  assert.equal((await send(ada, freshRecipient())).status, 201);
  assertRefused(await send(ada, freshRecipient()), [402, "spend_limit_reached"]);
  await becomes(stage, ada, "delivered");
  await stage.database
    .sql`update public.sms_messages set price = -0.0083, price_unit = 'USD' where user_id = ${ada.id}`;
  assert.equal((await send(ada, freshRecipient())).status, 201);
});

test("a message counts at the highest price that Twilio lists for its country", async () => {
  const ada = await onPlan("ada", { spend: 0.2 });
  await eventually("Twilio's price list to be stored", async () => {
    const [germany] = await stage.database.sql<{ price: number }[]>`
      select unit_price::float8 as price from private.message_prices where country = 'DE' and source = 'listed'`;
    return germany?.price === 0.1128;
  });
  assert.equal((await send(ada, handsetIn("DE"))).status, 201);
  assertRefused(await send(ada, handsetIn("DE")), [402, "spend_limit_reached"]);
  assert.equal((await send(ada, handsetIn("US"))).status, 201);
});

test("ten concurrent messages do not exceed the spend limit", async () => {
  const ada = await onPlan("ada", { spend: 1, segment: 0.3 });
  const answers = await Promise.all(Array.from({ length: 10 }, () => send(ada, freshRecipient())));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 201, 201, ...Array(7).fill(402)]);
});

test("a message Twilio refused costs nothing", async () => {
  const ada = await onPlan("a message Twilio refused costs nothing", { spend: 1, segment: 0.6 });
  assertRefused(await send(ada, ada.number), [422, "twilio_refused"]);
  assert.equal((await send(ada, freshRecipient())).status, 201);
});

/** Returns a recipient whose STOP Twilio has recorded and the database has not. */
async function recipientWithUnknownStop({ number }: Caller): Promise<string> {
  const to = freshRecipient();
  await stage.twilio.inbound({ from: to, to: number, body: "STOP" });
  await stage.database.sql`delete from public.sms_opt_outs where sender = ${number} and recipient = ${to}`;
  return to;
}

test("an opt-out reported by Twilio (21610) is recorded, and Twilio is not asked again", async () => {
  const ada = await withNumber(stage, "ada");
  const to = await recipientWithUnknownStop(ada);
  const details = assertRefused(await send(ada, to), [403, "recipient_opted_out"]);
  assert.equal(details[0]?.["twilioCode"], 21610);
  assertRefused(await send(ada, to), [403, "recipient_opted_out"]);
  assert.equal((await sendsTo(stage, to)).length, 1);
  const { data } = await ada.data.from("sms_opt_outs").select("sender, recipient, keyword");
  assert.deepEqual(data, [{ sender: ada.number, recipient: to, keyword: "21610" }]);
  await stage.twilio.inbound({ from: to, to: ada.number, body: "START" });
  assert.equal((await send(ada, to)).status, 201);
});

test("a message that Twilio accepted and then failed with 21610 records an opt-out too", async () => {
  const ada = await withNumber(stage, "ada");
  const to = freshRecipient();
  await stage.twilio.decide(to, { status: "failed", errorCode: 21610 });
  assert.equal((await send(ada, to)).status, 201);
  await becomes(stage, ada, "failed");
  assertRefused(await send(ada, to), [403, "recipient_opted_out"]);
  assert.equal((await sendsTo(stage, to)).length, 1);
});
