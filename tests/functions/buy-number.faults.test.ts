import assert from "node:assert/strict";
import { eventually } from "../../local/driver/eventually.ts";
import type { Actor } from "../../local/driver/actor.ts";
import { assertRefused } from "../support/answers.ts";
import { sharedStage, test } from "../support/stage.ts";
import { allow, freshNumber, provisioned, type Tenant } from "../support/tenants.ts";

const stage = sharedStage();

const purchase = (tenant: Actor, phoneNumber: string) => tenant.call("buy-number", { body: { phoneNumber } });
const listed = async (tenant: Actor) =>
  (await tenant.call("list-numbers")).body.numbers
    .filter((one: { source: string }) => one.source === "subaccount")
    .map((one: { phoneNumber: string; isPrimary: boolean }) => [one.phoneNumber, one.isPrimary]);

/** Sets a fault for one tenant's requests to Twilio about their numbers. */
async function disturb(
  { accountSid }: Tenant,
  ...faults: { method: string; [field: string]: unknown }[]
): Promise<void> {
  for (const { method, ...fault } of faults) {
    await stage.twilio.fault({ match: `${method} /Accounts/${accountSid}/IncomingPhoneNumbers`, ...fault });
  }
}

async function rowsOf({ id }: Actor) {
  return [
    ...await stage.database.sql<{ phone_number: string; status: string }[]>`
      select phone_number, status from public.user_twilio_numbers where user_id = ${id}`,
  ];
}

/** Ages the purchases by a minute and a half, and enqueues the job that settles purchases. */
async function settle(...tenants: Actor[]): Promise<void> {
  for (const { id } of tenants) await stage.database.age(id, 90);
  await stage.database.enqueue({ kind: "settle-number-purchases" });
}

const settled = (tenant: Actor) =>
  eventually(
    "the purchase to be settled",
    async () => (await rowsOf(tenant)).every(({ status }) => status !== "purchasing"),
  );

/** Faults after which the outcome of the purchase is known within the request. */
const KNOWN: Record<string, Record<string, unknown>> = {
  "whose response is lost": { kind: "drop_after_commit" },
  "that succeeds although Twilio responds with 503": { kind: "503", committed: true },
  "that succeeds although Twilio responds with an HTML page": { kind: "502", committed: true, body: "html" },
  "that is throttled once": { kind: "429", retryAfter: 0 },
};

for (const [title, fault] of Object.entries(KNOWN)) {
  test(`a purchase ${title} results in one number and one row, with 201`, async () => {
    const ada = await provisioned(stage, "ada");
    await disturb(ada, { method: "POST", ...fault });
    const phoneNumber = freshNumber();
    const { status, body } = await purchase(ada, phoneNumber);
    assert.deepEqual([status, body.phoneNumber, body.isPrimary], [201, phoneNumber, true], body.message);
    const owned = await stage.twilio.numbersOf(ada.accountSid);
    assert.deepEqual(owned.map((one) => [one.phone_number, one.sid]), [[phoneNumber, body.phoneSid]]);
    assert.deepEqual(await rowsOf(ada), [{ phone_number: phoneNumber, status: "active" }]);
  });
}

/** Faults after which the outcome is unknown; nothing was bought. */
const UNKNOWN: Record<string, Record<string, unknown>> = {
  "that never reached Twilio": { kind: "drop_before" },
  "that met a 500": { kind: "500" },
  "that met an HTML page": { kind: "503", body: "html" },
};

for (const [title, fault] of Object.entries(UNKNOWN)) {
  test(`a purchase ${title} stays in progress, is then reverted, and can be repeated`, async () => {
    const ada = await provisioned(stage, "ada");
    await allow(stage, ada, { numbers: 1 });
    await disturb(ada, { method: "POST", ...fault });
    const phoneNumber = freshNumber();
    const answer = await purchase(ada, phoneNumber);
    assertRefused(answer, [409, "number_purchase_in_progress"]);
    assert.equal(answer.headers.get("retry-after"), "60");
    assertRefused(await purchase(ada, phoneNumber), [409, "number_purchase_in_progress"]);
    assert.deepEqual(await listed(ada), []);
    assertRefused(await purchase(ada, freshNumber()), [403, "number_limit_reached"]); // it may have been bought

    await settle(ada);
    await settled(ada);
    assert.deepEqual(await rowsOf(ada), []);
    assert.equal((await purchase(ada, phoneNumber)).status, 201);
    assert.deepEqual(await listed(ada), [[phoneNumber, true]]);
  });
}

/** Faults after which Twilio has sold the number but the lookup fails. */
const UNASKED: Record<string, Record<string, unknown>> = {
  "a 503": { kind: "503", times: 3 },
  "throttling": { kind: "429", times: 3, retryAfter: 0 },
  "a 400": { kind: "400" },
};

for (const [title, fault] of Object.entries(UNASKED)) {
  test(`a purchase whose response is lost, and whose lookup meets ${title}, is found by the settling job`, async () => {
    const ada = await provisioned(stage, "ada");
    await disturb(ada, { method: "POST", kind: "drop_after_commit" }, { method: "GET", ...fault });
    const phoneNumber = freshNumber();
    try {
      assertRefused(await purchase(ada, phoneNumber), [409, "number_purchase_in_progress"]);
    } finally {
      await stage.twilio.clearFaults();
    }
    await settle(ada);
    await settled(ada);
    assert.deepEqual(await listed(ada), [[phoneNumber, true]]);
    assert.equal((await stage.twilio.numbersOf(ada.accountSid)).length, 1);
  });
}

test("a purchase that is throttled repeatedly is refused, and does not count against the number limit", async () => {
  const ada = await provisioned(stage, "ada");
  await allow(stage, ada, { numbers: 1 });
  await disturb(ada, { method: "POST", kind: "429", times: 3, retryAfter: 0 });
  const phoneNumber = freshNumber();
  const answer = await purchase(ada, phoneNumber);
  assertRefused(answer, [429, "twilio_throttled"]);
  assert.equal(answer.headers.get("retry-after"), "5");
  assert.equal((await purchase(ada, phoneNumber)).status, 201);
});

test("the settling job leaves a purchase in progress alone", async () => {
  const ada = await provisioned(stage, "ada");
  await disturb(ada, { method: "POST", kind: "drop_before" });
  assertRefused(await purchase(ada, freshNumber()), [409, "number_purchase_in_progress"]);
  const job = await stage.database.enqueue({ kind: "settle-number-purchases" });
  await eventually("the job to be done", async () => {
    return (await stage.database.sql`select from pgmq.q_jobs_control where msg_id = ${job}`).length === 0;
  });
  assert.deepEqual((await rowsOf(ada)).map(({ status }) => status), ["purchasing"]);
  await settle(ada);
  await settled(ada);
});

test("an unreadable account at Twilio does not keep other tenants' purchases from being settled", async () => {
  const [mallory, ada] = await Promise.all([provisioned(stage, "mallory"), provisioned(stage, "ada")]);
  await allow(stage, ada, { numbers: 2 });
  for (const tenant of [mallory, ada]) await disturb(tenant, { method: "POST", kind: "drop_before" });
  for (const tenant of [mallory, ada]) {
    assertRefused(await purchase(tenant, freshNumber()), [409, "number_purchase_in_progress"]);
  }
  await stage.database.age(mallory.id, 60); // the oldest purchase, so it is settled first
  await stage.twilio.setStatus(mallory.accountSid, "suspended");
  await settle(mallory, ada);
  await settled(ada);
  assert.deepEqual(await rowsOf(ada), []);
});
