import assert from "node:assert/strict";
import type { Actor } from "../../local/driver/actor.ts";
import type { PhoneNumber } from "../../supabase/functions/_shared/numbers/shape.ts";
import { contract } from "../../supabase/functions/rename-number/contract.ts";
import { assertRefused } from "../support/answers.ts";
import { type Owner, ownerOf, trailOf, writesAtTwilio } from "../support/numbers.ts";
import { sharedStage, test } from "../support/stage.ts";
import { quiescence } from "../support/tenants.ts";

const stage = sharedStage();

const rename = (tenant: Actor, { id }: Pick<PhoneNumber, "id">, friendlyName: string) =>
  tenant.call("rename-number", { body: { numberId: id, friendlyName } });
const nameHere = async (tenant: Actor) => (await tenant.call("list-numbers")).body.numbers[0].friendlyName;
const nameAtTwilio = async ({ accountSid }: Owner) =>
  (await stage.twilio.numbersOf(accountSid))[0].friendly_name as string;

test("a number is renamed at Twilio and in the list, and its texts still go to our webhook", async () => {
  const ada = await ownerOf(stage, "ada", 1);
  const [number] = ada.numbers as [PhoneNumber];
  const [before] = await stage.twilio.numbersOf(ada.accountSid);
  const { status, body } = await rename(ada, number, "Ada's desk ☎");
  assert.equal(status, 200, body.message);
  contract.operations[0].responses[200].parse(body);
  assert.deepEqual(body, { ...number, friendlyName: "Ada's desk ☎" });
  const [after] = await stage.twilio.numbersOf(ada.accountSid);
  assert.deepEqual([after.friendly_name, after.sms_url], ["Ada's desk ☎", before.sms_url]);
  assert.equal(await nameHere(ada), "Ada's desk ☎");
  const { phoneNumber, phoneSid, friendlyName } = number;
  assert.deepEqual(await trailOf(stage, ada, "number.renamed"), [
    { actor: `user:${ada.id}`, phoneNumber, phoneSid, from: friendlyName, to: "Ada's desk ☎" },
  ]);
  const writes = await writesAtTwilio(stage, ada.accountSid);
  assert.deepEqual(writes.map(({ account }) => account), [ada.accountSid, ada.accountSid]);
});

test("a tenant cannot rename another tenant's number", async () => {
  const [ada, mallory] = await Promise.all([ownerOf(stage, "ada", 1), ownerOf(stage, "mallory", 1)]);
  assertRefused(await rename(mallory, ada.numbers[0]!, "Mine"), [404, "not_found"]);
  assert.equal(await nameAtTwilio(ada), ada.numbers[0]!.friendlyName);
});

test("a suspended tenant cannot rename a number, and Twilio is not asked", async () => {
  const ada = await ownerOf(stage, "ada", 1);
  await stage.database.hold(ada.id, "suspended");
  await quiescence(stage, ada);
  assertRefused(await rename(ada, ada.numbers[0]!, "Desk"), [403, "subaccount_suspended"]);
  assert.equal((await writesAtTwilio(stage, ada.accountSid)).length, 1); // the purchase
});

test("a number that is gone at Twilio cannot be renamed", async () => {
  const ada = await ownerOf(stage, "ada", 1);
  await stage.twilio.fault({ match: `POST /Accounts/${ada.accountSid}/IncomingPhoneNumbers/**`, kind: "404" });
  assertRefused(await rename(ada, ada.numbers[0]!, "Desk"), [404, "not_found"]);
});

/** Faults of a rename, the error, and whether Twilio has the new name. */
const TROUBLES: Record<string, { fault: Record<string, unknown>; refused?: [number, string]; renamed: boolean }> = {
  "is throttled once": { fault: { kind: "429", retryAfter: 0 }, renamed: true },
  "is throttled repeatedly": {
    fault: { kind: "429", times: 3, retryAfter: 0 },
    refused: [429, "twilio_throttled"],
    renamed: false,
  },
  "never reaches Twilio": { fault: { kind: "drop_before" }, refused: [503, "twilio_unavailable"], renamed: false },
  "meets a 500": { fault: { kind: "500" }, refused: [503, "twilio_unavailable"], renamed: false },
  "meets an HTML page": {
    fault: { kind: "503", body: "html" },
    refused: [503, "twilio_unavailable"],
    renamed: false,
  },
  "loses its response": { fault: { kind: "drop_after_commit" }, refused: [503, "twilio_unavailable"], renamed: true },
};

for (const [title, { fault, refused, renamed }] of Object.entries(TROUBLES)) {
  test(`a rename that ${title} is ${refused ? `refused with ${refused.join(" ")}` : "done"}, and a sync makes both names equal`, async () => {
    const ada = await ownerOf(stage, "ada", 1);
    const old = ada.numbers[0]!.friendlyName;
    await stage.twilio.fault({ match: `POST /Accounts/${ada.accountSid}/IncomingPhoneNumbers/**`, ...fault });
    try {
      const answer = await rename(ada, ada.numbers[0]!, "Desk");
      if (refused) assertRefused(answer, refused);
      else assert.equal(answer.status, 200, answer.body.message);
    } finally {
      await stage.twilio.clearFaults();
    }
    assert.equal(await nameAtTwilio(ada), renamed ? "Desk" : old);
    assert.equal((await ada.call("sync-numbers", { method: "POST" })).status, 200);
    assert.equal(await nameHere(ada), renamed ? "Desk" : old);
  });
}
