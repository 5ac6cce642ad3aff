import assert from "node:assert/strict";
import { eventually } from "../../local/driver/eventually.ts";
import type { Actor } from "../../local/driver/actor.ts";
import type { PhoneNumber } from "../../supabase/functions/_shared/numbers/shape.ts";
import { contract } from "../../supabase/functions/release-number/contract.ts";
import { assertRefused } from "../support/answers.ts";
import { lastRequest, type Owner, ownerOf, rowsOf, trailOf, writesAtTwilio } from "../support/numbers.ts";
import { sharedStage, test } from "../support/stage.ts";
import { freshRecipient, newcomer, provisioned, quiescence } from "../support/tenants.ts";

const stage = sharedStage();

const release = (tenant: Actor, { id, phoneNumber }: Pick<PhoneNumber, "id" | "phoneNumber">) =>
  tenant.call("release-number", { body: { numberId: id, confirmPhoneNumber: phoneNumber } });
const statusesOf = async (tenant: Actor) =>
  (await rowsOf(stage, tenant)).map(({ status, is_primary }) => is_primary ? `${status}, primary` : status);
const heldAtTwilio = async ({ accountSid }: Owner) =>
  (await stage.twilio.numbersOf(accountSid)).map(({ sid }) => sid).sort();
const deletions = async ({ accountSid }: Owner) =>
  (await writesAtTwilio(stage, accountSid)).filter(({ method }) => method === "DELETE");

test("a released number is gone at Twilio and in the list, and the oldest other number becomes primary", async () => {
  const ada = await ownerOf(stage, "ada", 3);
  const [first, second, third] = ada.numbers as [PhoneNumber, PhoneNumber, PhoneNumber];
  const { status, body } = await release(ada, first);
  assert.equal(status, 200, body.message);
  contract.operations[0].responses[200].parse(body);
  assert.deepEqual(body, {
    released: { ...first, status: "released", isPrimary: false },
    primary: { ...second, isPrimary: true },
  });
  assert.deepEqual(await statusesOf(ada), ["released", "active, primary", "active"]);
  assert.deepEqual(await heldAtTwilio(ada), [second.phoneSid, third.phoneSid].sort());
  const details = { phoneNumber: first.phoneNumber, phoneSid: first.phoneSid };
  assert.deepEqual(await trailOf(stage, ada, "number.released"), [{ actor: `user:${ada.id}`, ...details }]);
  assert.equal((await trailOf(stage, ada, "number.made_primary")).length, 1);
});

test("a number is released with the tenant's own credentials", async () => {
  const ada = await ownerOf(stage, "ada", 1);
  await release(ada, ada.numbers[0]!);
  assert.deepEqual((await deletions(ada)).map(({ account }) => account), [ada.accountSid]);
});

test("after the last number is released none is primary, and another can be bought", async () => {
  const ada = await ownerOf(stage, "ada", 1);
  const { body } = await release(ada, ada.numbers[0]!);
  assert.equal(body.primary, null);
  const answer = await ada.call("buy-number", { body: { phoneNumber: ada.numbers[0]!.phoneNumber } });
  assert.deepEqual([answer.status, answer.body.isPrimary], [201, true]);
});

test("a release without the number typed back as confirmation is refused, and Twilio is not asked", async () => {
  const ada = await ownerOf(stage, "ada", 2);
  const [first, second] = ada.numbers as [PhoneNumber, PhoneNumber];
  for (const typed of [undefined, "", "yes", second.phoneNumber, first.phoneNumber.slice(1)]) {
    const body = { numberId: first.id, ...(typed !== undefined && { confirmPhoneNumber: typed }) };
    const [detail] = assertRefused(await ada.call("release-number", { body }), [400, "invalid_input"]);
    assert.deepEqual([detail?.["field"], detail?.["code"]], ["confirmPhoneNumber", "confirmation_required"]);
  }
  assert.deepEqual(await statusesOf(ada), ["active, primary", "active"]);
  assert.deepEqual(await deletions(ada), []);
});

test("a tenant cannot release another tenant's number, even with its id and the number", async () => {
  const [ada, mallory] = await Promise.all([ownerOf(stage, "ada", 1), ownerOf(stage, "mallory", 1)]);
  assertRefused(await release(mallory, ada.numbers[0]!), [404, "not_found"]);
  assertRefused(await release(mallory, { ...ada.numbers[0]!, id: crypto.randomUUID() }), [404, "not_found"]);
  assert.deepEqual(await statusesOf(ada), ["active, primary"]);
});

test("a number released twice is released once, and the second response is the same", async () => {
  const ada = await ownerOf(stage, "ada", 2);
  const [first, second] = [await release(ada, ada.numbers[0]!), await release(ada, ada.numbers[0]!)];
  assert.deepEqual([second.status, second.body], [200, first.body]);
  assert.equal((await deletions(ada)).length, 1);
});

test("a number released by five concurrent requests is released once", async () => {
  const ada = await ownerOf(stage, "ada", 2);
  const answers = await Promise.all(Array.from({ length: 5 }, () => release(ada, ada.numbers[0]!)));
  assert.deepEqual(answers.map(({ status }) => status), [200, 200, 200, 200, 200]);
  assert.equal(new Set(answers.map(({ body }) => JSON.stringify(body))).size, 1);
  assert.deepEqual(await statusesOf(ada), ["released", "active, primary"]);
  assert.equal((await trailOf(stage, ada, "number.released")).length, 1);
});

test("a number already gone at Twilio is recorded as released", async () => {
  const ada = await ownerOf(stage, "ada", 1);
  const [{ phoneSid }] = ada.numbers as [PhoneNumber];
  await fetch(`${stage.state.twilio.url}/2010-04-01/Accounts/${ada.accountSid}/IncomingPhoneNumbers/${phoneSid}.json`, {
    method: "DELETE",
    headers: { authorization: `Basic ${btoa(`${ada.accountSid}:${ada.authToken}`)}` },
  });
  assert.equal((await release(ada, ada.numbers[0]!)).status, 200);
  assert.deepEqual(await statusesOf(ada), ["released"]);
});

test("a user without a subaccount, or with a suspended one, cannot release a number", async () => {
  const ben = await newcomer(stage, "ben");
  const number = { id: crypto.randomUUID(), phoneNumber: "+14155550100" };
  assertRefused(await release(ben, number), [409, "subaccount_required"]);
  const ada = await ownerOf(stage, "ada", 1);
  await stage.database.hold(ada.id, "suspended");
  await quiescence(stage, ada);
  assertRefused(await release(ada, ada.numbers[0]!), [403, "subaccount_suspended"]);
  assert.deepEqual(await deletions(ada), []);
});

// Faults -------------------------------------------------------------------------------------------------------------------

/** Sets a fault for one tenant's requests to Twilio that delete numbers. */
const disturb = ({ accountSid }: Owner, fault: Record<string, unknown>) =>
  stage.twilio.fault({ match: `DELETE /Accounts/${accountSid}/IncomingPhoneNumbers/**`, ...fault });

/** Faults after which the release still succeeds within the request. */
const KNOWN: Record<string, Record<string, unknown>> = {
  "whose response is lost": { kind: "drop_after_commit" },
  "that never reached Twilio": { kind: "drop_before" },
  "that succeeds although Twilio responds with 503": { kind: "503", committed: true },
  "that met an HTML page": { kind: "503", body: "html" },
  "that met a 500": { kind: "500" },
  "that is throttled once": { kind: "429", retryAfter: 0 },
};

for (const [title, fault] of Object.entries(KNOWN)) {
  test(`a release ${title} is repeated and ends with 200`, async () => {
    const ada = await ownerOf(stage, "ada", 2);
    await disturb(ada, fault);
    const { status, body } = await release(ada, ada.numbers[0]!);
    assert.equal(status, 200, body.message);
    assert.deepEqual(await statusesOf(ada), ["released", "active, primary"]);
    assert.deepEqual(await heldAtTwilio(ada), [ada.numbers[1]!.phoneSid]);
  });
}

/** Faults after which the outcome is unknown. */
const UNKNOWN: Record<string, Record<string, unknown>> = {
  "that never reaches Twilio": { kind: "drop_before" },
  "whose responses are lost": { kind: "drop_after_commit" },
  "that meets 500 repeatedly": { kind: "500" },
  "that meets HTML pages": { kind: "503", body: "html" },
};

/**
 * Requests a release whose outcome stays unknown. Sets more drops than we make requests, because the runtime repeats a DELETE
 * itself when a kept-alive connection closes during it.
 */
async function releaseInVain(ada: Owner, fault: Record<string, unknown>): Promise<void> {
  await disturb(ada, { ...fault, times: 8 });
  try {
    const answer = await release(ada, ada.numbers[0]!);
    assertRefused(answer, [503, "number_release_unknown"]);
    assert.equal(answer.headers.get("retry-after"), "60");
  } finally {
    await stage.twilio.clearFaults();
  }
}

/** Ages the releases by a minute and a half, and enqueues the job that settles releases. */
async function settle({ id }: Actor): Promise<void> {
  await stage.database.age(id, 90);
  await stage.database.enqueue({ kind: "settle-number-releases" });
}

for (const [title, fault] of Object.entries(UNKNOWN)) {
  test(`a release ${title} stays in progress, and is finished by the settling job`, async () => {
    const ada = await ownerOf(stage, "ada", 2);
    await releaseInVain(ada, fault);
    assert.deepEqual(await statusesOf(ada), ["releasing, primary", "active"]);
    await settle(ada);
    await eventually("the release to be settled", async () => (await statusesOf(ada))[0] === "released");
    assert.deepEqual(await statusesOf(ada), ["released", "active, primary"]);
    assert.deepEqual(await heldAtTwilio(ada), [ada.numbers[1]!.phoneSid]);
    assert.deepEqual((await trailOf(stage, ada, "number.released")).map(({ actor }) => actor), [`user:${ada.id}`]);
  });
}

test("a release with an unknown outcome can be requested again", async () => {
  const ada = await ownerOf(stage, "ada", 1);
  await releaseInVain(ada, { kind: "503" });
  assert.equal((await release(ada, ada.numbers[0]!)).status, 200);
  assert.deepEqual(await heldAtTwilio(ada), []);
});

/** Definite refusals by Twilio, after which the number is unchanged. */
const REFUSED: Record<string, { fault: Record<string, unknown>; refused: [number, string] }> = {
  "throttled repeatedly": { fault: { kind: "429", times: 3, retryAfter: 0 }, refused: [429, "twilio_throttled"] },
  "refused": { fault: { kind: "400" }, refused: [422, "twilio_refused"] },
  "refused as unauthorised": { fault: { kind: "401", times: 2 }, refused: [502, "twilio_misconfigured"] },
};

for (const [title, { fault, refused }] of Object.entries(REFUSED)) {
  test(`a release that is ${title} leaves the number active and primary`, async () => {
    const ada = await ownerOf(stage, "ada", 2);
    await disturb(ada, fault);
    try {
      assertRefused(await release(ada, ada.numbers[0]!), refused);
    } finally {
      await stage.twilio.clearFaults();
    }
    assert.deepEqual(await statusesOf(ada), ["active, primary", "active"]);
    assert.deepEqual((await rowsOf(stage, ada)).map(({ phone_sid }) => phone_sid).sort(), await heldAtTwilio(ada));
  });
}

test("the settling job leaves a release in progress alone", async () => {
  const ada = await ownerOf(stage, "ada", 1);
  await releaseInVain(ada, { kind: "drop_before" });
  const seen = await lastRequest(stage);
  const job = await stage.database.enqueue({ kind: "settle-number-releases" });
  await eventually("the job to be done", async () => {
    return (await stage.database.sql`select from pgmq.q_jobs_control where msg_id = ${job}`).length === 0;
  });
  assert.deepEqual(await writesAtTwilio(stage, ada.accountSid, seen), []);
});

test("a number being released cannot send, be renamed, made primary or bought, and is not listed", async () => {
  const [ada, ben] = await Promise.all([ownerOf(stage, "ada", 2), provisioned(stage, "ben")]);
  const [{ id: numberId, phoneNumber }, other] = ada.numbers as [PhoneNumber, PhoneNumber];
  await releaseInVain(ada, { kind: "drop_before" });

  const message = { to: freshRecipient(), from: phoneNumber, body: "Hello" };
  assertRefused(await ada.call("send-sms", { body: message }), [403, "number_not_owned"]);
  const inProgress: [number, string] = [409, "number_release_in_progress"];
  assertRefused(await ada.call("set-primary-number", { body: { numberId } }), inProgress);
  assertRefused(await ada.call("rename-number", { body: { numberId, friendlyName: "Desk" } }), inProgress);
  assertRefused(await ada.call("buy-number", { body: { phoneNumber } }), inProgress);
  assertRefused(await ben.call("buy-number", { body: { phoneNumber } }), [409, "number_taken"]);
  const listed = (await ada.call("list-numbers")).body.numbers;
  assert.deepEqual(listed.map(({ id }: PhoneNumber) => id), [other.id]);
});
