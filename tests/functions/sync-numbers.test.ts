import assert from "node:assert/strict";
import { eventually } from "../../local/driver/eventually.ts";
import type { Actor } from "../../local/driver/actor.ts";
import type { PhoneNumber } from "../../supabase/functions/_shared/numbers/shape.ts";
import { contract } from "../../supabase/functions/sync-numbers/contract.ts";
import { assertRefused } from "../support/answers.ts";
import {
  bought,
  inboundUrlOf,
  lastRequest,
  listedPriceOf,
  type Owner,
  ownerOf,
  rowsOf,
  trailOf,
  writesAtTwilio,
} from "../support/numbers.ts";
import { SEED } from "../support/seed.ts";
import { sharedStage, test } from "../support/stage.ts";
import {
  allow,
  freshNumber,
  freshRecipient,
  newcomer,
  provisioned,
  quiescence,
  type Tenant,
} from "../support/tenants.ts";

const stage = sharedStage();

/** Syncs the numbers, and returns the response. */
async function sync(tenant: Actor) {
  const { status, body } = await tenant.call("sync-numbers", { method: "POST" });
  assert.equal(status, 200, body.message);
  return contract.operations[0].responses[200].parse(body);
}

/** Changes a number as in Twilio's console. */
async function inConsole({ accountSid }: Tenant, path: string, form: Record<string, string>): Promise<PhoneNumber> {
  const response = await stage.twilio.post(`/Accounts/${accountSid}/IncomingPhoneNumbers${path}.json`, form);
  const body = await response.json();
  assert.ok(response.ok, JSON.stringify(body));
  return { ...body, phoneSid: body.sid, phoneNumber: body.phone_number };
}

async function releaseInConsole({ accountSid, authToken }: Tenant, phoneSid: string | null): Promise<void> {
  const path = `/2010-04-01/Accounts/${accountSid}/IncomingPhoneNumbers/${phoneSid}.json`;
  const headers = { authorization: `Basic ${btoa(`${accountSid}:${authToken}`)}` };
  assert.equal((await fetch(stage.state.twilio.url + path, { method: "DELETE", headers })).status, 204);
}

/** Our active rows and Twilio's list in the same form. */
async function assertSame(tenant: Tenant): Promise<void> {
  const { data } = await tenant.data.from("user_twilio_numbers")
    .select("phone_number, phone_sid, friendly_name, capabilities, is_primary").eq("status", "active");
  const listed = await stage.twilio.numbersOf(tenant.accountSid);
  const here = (data ?? []).map((row) => [row.phone_number, row.phone_sid, row.friendly_name, row.capabilities]);
  const there = listed.map(({ phone_number, sid, friendly_name, capabilities: { fax: _, ...capabilities } }) => [
    phone_number,
    sid,
    friendly_name,
    capabilities,
  ]);
  assert.deepEqual(here.sort(), there.sort());
  assert.equal(data?.filter((row) => row.is_primary).length, listed.length === 0 ? 0 : 1);
  for (const { sms_url, sms_method } of listed) {
    assert.deepEqual([sms_url, sms_method], [inboundUrlOf(stage, tenant), "POST"]);
  }
}

test("without differences a sync changes nothing, here or at Twilio", async () => {
  const ada = await ownerOf(stage, "ada", 2);
  const seen = await lastRequest(stage);
  assert.deepEqual(await sync(ada), { numbers: ada.numbers, changes: [] });
  assert.deepEqual(await writesAtTwilio(stage, ada.accountSid, seen), []);
});

test("a number bought in Twilio's console is added, is primary when it is the first, and its texts come to us", async () => {
  const ada = await provisioned(stage, "ada");
  const { phoneNumber, phoneSid } = await inConsole(ada, "", { PhoneNumber: freshNumber(), FriendlyName: "By hand" });
  const { numbers, changes } = await sync(ada);
  assert.deepEqual(changes, [
    { change: "appeared", phoneNumber, phoneSid },
    { change: "repaired", phoneNumber, phoneSid },
  ]);
  assert.deepEqual(numbers.map((one) => [one.phoneSid, one.friendlyName, one.isPrimary]), [[
    phoneSid,
    "By hand",
    true,
  ]]);
  assert.equal(await listedPriceOf(stage, ada), 1.15);
  await assertSame(ada);
  assert.deepEqual((await trailOf(stage, ada, "number.appeared")).map(({ actor }) => actor), [`user:${ada.id}`]);
  const sent = await ada.call("send-sms", { body: { to: freshRecipient(), body: "Hello" } });
  assert.deepEqual([sent.status, sent.body.from], [201, phoneNumber]);
});

test("a number found at Twilio is added even beyond the plan's limit", async () => {
  const ada = await provisioned(stage, "ada");
  await allow(stage, ada, { numbers: 1 });
  await bought(ada);
  await inConsole(ada, "", { PhoneNumber: freshNumber() });
  assert.equal((await sync(ada)).numbers.length, 2);
  assertRefused(await ada.call("buy-number", { body: { phoneNumber: freshNumber() } }), [403, "number_limit_reached"]);
});

test("a changed name at Twilio is copied", async () => {
  const ada = await ownerOf(stage, "ada", 1);
  const { phoneNumber, phoneSid } = ada.numbers[0]!;
  await inConsole(ada, `/${phoneSid}`, { FriendlyName: "Front desk" });
  const { numbers, changes } = await sync(ada);
  assert.deepEqual(changes, [{ change: "changed", phoneNumber, phoneSid }]);
  assert.equal(numbers[0]?.friendlyName, "Front desk");
  assert.deepEqual(await trailOf(stage, ada, "number.changed"), [
    { actor: `user:${ada.id}`, phoneNumber, phoneSid, changed: ["friendlyName"] },
  ]);
});

test("a number gone at Twilio is released, and the oldest other number becomes primary", async () => {
  const ada = await ownerOf(stage, "ada", 3);
  const [first, second] = ada.numbers as [PhoneNumber, PhoneNumber, PhoneNumber];
  await releaseInConsole(ada, first.phoneSid);
  const { numbers, changes } = await sync(ada);
  assert.deepEqual(changes, [{
    change: "released",
    phoneNumber: first.phoneNumber,
    phoneSid: first.phoneSid,
  }]);
  assert.deepEqual([numbers.length, numbers[0]?.id, numbers[0]?.isPrimary], [2, second.id, true]);
});

test("a webhook changed in Twilio's console is restored by the sync, and texts come to us again", async () => {
  const ada = await ownerOf(stage, "ada", 2);
  const { phoneNumber, phoneSid } = ada.numbers[1]!;
  await inConsole(ada, `/${phoneSid}`, { SmsUrl: "https://elsewhere.test/sms", SmsMethod: "GET" });
  assert.deepEqual((await sync(ada)).changes, [{ change: "repaired", phoneNumber, phoneSid }]);
  await assertSame(ada);
  assert.deepEqual(await trailOf(stage, ada, "number.repaired"), [
    { actor: `user:${ada.id}`, phoneNumber, phoneSid, drifted: ["smsUrl", "smsMethod"] },
  ]);
  const from = freshRecipient();
  await stage.twilio.inbound({ from, to: phoneNumber, body: "Hello again" });
  await eventually("the text to come in", async () => {
    const { data } = await ada.data.from("sms_messages").select("from_number, body");
    return data?.some((message) => message.from_number === from && message.body === "Hello again");
  });
});

test("a number in another tenant's row is not taken over", async () => {
  const [ada, ben] = await Promise.all([ownerOf(stage, "ada", 1), ownerOf(stage, "ben", 1)]);
  const { phoneNumber, phoneSid } = ada.numbers[0]!;
  await inConsole(ada, `/${phoneSid}`, { AccountSid: ben.accountSid }); // the parent account may do this
  const { numbers, changes } = await sync(ben);
  assert.deepEqual(changes.filter(({ change }) => change !== "repaired"), []);
  assert.deepEqual(numbers.map(({ id }) => id), [ben.numbers[0]!.id]);
  assert.deepEqual((await rowsOf(stage, ada)).map(({ status }) => status), ["active"]);
  assert.equal((await trailOf(stage, ben, "number.held")).length, 1);
  await sync(ada); // finds the number gone
  assert.deepEqual((await sync(ben)).changes, [{ change: "appeared", phoneNumber, phoneSid }]);
  await assertSame(ben);
});

test("a purchase whose response was lost is recorded, not doubled", async () => {
  const ada = await provisioned(stage, "ada");
  const match = (method: string) => `${method} /Accounts/${ada.accountSid}/IncomingPhoneNumbers`;
  await stage.twilio.fault({ match: match("POST"), kind: "drop_after_commit" });
  await stage.twilio.fault({ match: match("GET"), kind: "503", times: 3 });
  const phoneNumber = freshNumber();
  const answer = await ada.call("buy-number", { body: { phoneNumber } });
  assertRefused(answer, [409, "number_purchase_in_progress"]);
  await stage.twilio.clearFaults();
  const { numbers, changes } = await sync(ada);
  assert.deepEqual(changes.map(({ change }) => change), ["appeared"]);
  assert.deepEqual([numbers.length, numbers[0]?.isPrimary], [1, true]);
  assert.equal((await rowsOf(stage, ada)).length, 1);
});

test("a purchase made while a sync reads Twilio's list is kept", async () => {
  const ada = await ownerOf(stage, "ada", 1);
  const match = `GET /Accounts/${ada.accountSid}/IncomingPhoneNumbers`;
  await stage.twilio.fault({ match, kind: "delay:1500" });
  const syncing = sync(ada);
  await eventually(
    "the list to be read",
    async () =>
      (await stage.twilio.requests()).some(({ method, path }) =>
        method === "GET" && path.endsWith(`${ada.accountSid}/IncomingPhoneNumbers.json`)
      ),
  );
  const meanwhile = await bought(ada);
  await ada.call("rename-number", { body: { numberId: ada.numbers[0]!.id, friendlyName: "Meanwhile" } });
  assert.deepEqual((await syncing).changes, []);
  const rows = await rowsOf(stage, ada);
  assert.deepEqual(rows.map(({ phone_sid, status }) => [phone_sid, status]), [
    [ada.numbers[0]!.phoneSid, "active"],
    [meanwhile.phoneSid, "active"],
  ]);
  assert.equal((await ada.call("list-numbers")).body.numbers[0].friendlyName, "Meanwhile");
});

test("a release made while a sync reads Twilio's list is kept", async () => {
  const ada = await ownerOf(stage, "ada", 2);
  const match = `GET /Accounts/${ada.accountSid}/IncomingPhoneNumbers`;
  await stage.twilio.fault({ match, kind: "delay:1500" });
  const syncing = sync(ada);
  await eventually(
    "the list to be read",
    async () =>
      (await stage.twilio.requests()).some(({ method, path }) =>
        method === "GET" && path.endsWith(`${ada.accountSid}/IncomingPhoneNumbers.json`)
      ),
  );
  const { id: numberId, phoneNumber: confirmPhoneNumber } = ada.numbers[1]!;
  const released = await ada.call("release-number", { body: { numberId, confirmPhoneNumber } });
  assert.equal(released.status, 200, released.body.message);
  assert.deepEqual((await syncing).changes, []);
  assert.deepEqual((await rowsOf(stage, ada)).map(({ status }) => status), ["active", "released"]);
});

test("a user without a subaccount, or with a suspended one, cannot sync", async () => {
  assertRefused(await (await newcomer(stage, "ben")).call("sync-numbers", { method: "POST" }), [
    409,
    "subaccount_required",
  ]);
  const ada = await ownerOf(stage, "ada", 1);
  await stage.database.hold(ada.id, "suspended");
  await quiescence(stage, ada);
  assertRefused(await ada.call("sync-numbers", { method: "POST" }), [403, "subaccount_suspended"]);
  assert.deepEqual((await rowsOf(stage, ada)).map(({ status }) => status), ["active"]);
});

test("a sync of an account suspended in Twilio's console detects the suspension", async () => {
  const ada = await ownerOf(stage, "ada", 1);
  await stage.twilio.setStatus(ada.accountSid, "suspended");
  assertRefused(await ada.call("sync-numbers", { method: "POST" }), [502, "twilio_misconfigured"]);
  await quiescence(stage, ada);
  assert.equal((await ada.call("provision-subaccount")).body.status, "suspended");
});

test("the job that syncs such an account detects the suspension, and releases nothing", async () => {
  const ada = await ownerOf(stage, "ada", 1);
  await stage.twilio.setStatus(ada.accountSid, "suspended");
  await stage.database.enqueue({ kind: "sync-numbers", userId: ada.id });
  await quiescence(stage, ada);
  assert.equal((await ada.call("provision-subaccount")).body.status, "suspended");
  assert.deepEqual((await rowsOf(stage, ada)).map(({ status }) => status), ["active"]);
});

const LIST = "GET /Accounts/SID/IncomingPhoneNumbers";
const REPAIR = "POST /Accounts/SID/IncomingPhoneNumbers/**";

/** Faults of the list, or of the repair. */
const TROUBLES: Record<string, { met: string; fault: Record<string, unknown>; refused?: [number, string] }> = {
  "a list that meets a 503 once": { met: LIST, fault: { kind: "503" } },
  "a list that is lost once": { met: LIST, fault: { kind: "drop_before" } },
  "a list that is throttled repeatedly": {
    met: LIST,
    fault: { kind: "429", times: 3, retryAfter: 0 },
    refused: [429, "twilio_throttled"],
  },
  "a list that meets 500 repeatedly": {
    met: LIST,
    fault: { kind: "500", times: 3 },
    refused: [503, "twilio_unavailable"],
  },
  "a repair of a number that is gone meanwhile": { met: REPAIR, fault: { kind: "404" } },
  "a repair that loses its response": {
    met: REPAIR,
    fault: { kind: "drop_after_commit" },
    refused: [503, "twilio_unavailable"],
  },
  "a repair that meets an HTML page": {
    met: REPAIR,
    fault: { kind: "503", body: "html" },
    refused: [503, "twilio_unavailable"],
  },
};

for (const [title, { met, fault, refused }] of Object.entries(TROUBLES)) {
  test(`${title} ${refused ? `makes the sync fail with ${refused.join(" ")}` : "does not stop the sync"}, and after the next sync nothing differs`, async () => {
    const ada = await ownerOf(stage, "ada", 2);
    await inConsole(ada, `/${ada.numbers[0]!.phoneSid}`, { SmsUrl: "https://elsewhere.test", FriendlyName: "Desk" });
    await releaseInConsole(ada, ada.numbers[1]!.phoneSid);
    await stage.twilio.fault({ match: met.replace("SID", ada.accountSid), ...fault });
    try {
      const answer = await ada.call("sync-numbers", { method: "POST" });
      if (refused) assertRefused(answer, refused);
      else assert.equal(answer.status, 200, answer.body.message);
    } finally {
      await stage.twilio.clearFaults();
    }
    await sync(ada);
    await assertSame(ada);
    assert.deepEqual((await rowsOf(stage, ada)).map(({ status }) => status), ["active", "released"]);
  });
}

test("the numbers of active tenants who are due are synced, and of no others", async () => {
  const [ada, ben, cleo] = await Promise.all([
    ownerOf(stage, "ada", 1),
    ownerOf(stage, "ben", 1),
    ownerOf(stage, "cleo", 1),
  ]);
  // Each of them has changed a number in Twilio's console: a sync would find it.
  const change = (owner: Owner) =>
    inConsole(owner, `/${owner.numbers[0]!.phoneSid}`, { FriendlyName: "Desk", SmsUrl: "https://elsewhere.test" });
  await change(ben);
  await stage.database.hold(ben.id, "suspended");
  // From here on, the sync is the only job.
  await Promise.all([ada, ben, cleo].map((owner) => quiescence(stage, owner)));
  await Promise.all([change(ada), change(cleo)]);
  await stage.database.sql`
    update private.due_work set due_at = now() where kind = 'number_sync' and user_id in (${ada.id}, ${ben.id})`;
  await stage.database.enqueue({ kind: "sync-all-numbers" });
  const found = async (owner: Owner) => (await trailOf(stage, owner, "number.changed")).length;
  await eventually("the sync to find the change", async () => await found(ada) > 0);
  assert.deepEqual(await Promise.all([found(ben), found(cleo)]), [0, 0]);
  await quiescence(stage, ada);
  await assertSame(ada);
  assert.deepEqual((await trailOf(stage, ada, "number.changed")).map(({ actor }) => actor), ["sync"]);
});

// Random drift --------------------------------------------------------------------------------------------------------------

/** A pseudorandom generator of integers below `limit`, determined by the seed. */
function seeded(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor(state / 2 ** 32 * limit);
  };
}

/** Changes something in Twilio's console. Returns a name for the change. */
async function drift(owner: Owner, random: (limit: number) => number): Promise<string> {
  const listed = await stage.twilio.numbersOf(owner.accountSid);
  const number = listed[random(listed.length)];
  const kind = number === undefined ? 0 : random(6);
  switch (kind) {
    case 0:
      await inConsole(owner, "", { PhoneNumber: freshNumber() });
      return "bought";
    case 1:
      await inConsole(owner, `/${number.sid}`, { FriendlyName: `Name ${random(1000)}` });
      return "renamed";
    case 2:
      await inConsole(owner, `/${number.sid}`, { SmsUrl: random(2) === 0 ? "" : "https://elsewhere.test/sms" });
      return "pointed elsewhere";
    case 3:
      await inConsole(owner, `/${number.sid}`, { SmsMethod: "GET" });
      return "method changed to GET";
    case 4:
      await releaseInConsole(owner, number.sid);
      return "released";
    default: {
      await releaseInConsole(owner, number.sid);
      await inConsole(owner, "", { PhoneNumber: number.phone_number });
      return "released and bought again";
    }
  }
}

test("a sync repairs random drift: the rows equal Twilio's list, and every webhook is ours", async () => {
  const random = seeded(SEED);
  const owners = await Promise.all(["ada", "ben", "cy"].map((name) => ownerOf(stage, name, 3)));
  const done: string[] = [];
  for (let round = 0; round < 4; round++) {
    for (const owner of owners) {
      for (let n = random(6); n >= 0; n--) done.push(await drift(owner, random));
      await sync(owner);
      await assertSame(owner);
      assert.deepEqual((await sync(owner)).changes, [], `with TEST_SEED=${SEED}, a second sync finds nothing`);
    }
  }
  console.log(`figures: ${done.length} drifts of ${new Set(done).size} kinds repaired`);
});
