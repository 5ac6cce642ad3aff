import assert from "node:assert/strict";
import type { Actor } from "../../local/driver/actor.ts";
import type { PhoneNumber } from "../../supabase/functions/_shared/numbers/shape.ts";
import { contract } from "../../supabase/functions/set-primary-number/contract.ts";
import { assertRefused } from "../support/answers.ts";
import { lastRequest, ownerOf, rowsOf, trailOf } from "../support/numbers.ts";
import { sharedStage, test } from "../support/stage.ts";
import { freshRecipient } from "../support/tenants.ts";

const stage = sharedStage();

const makePrimary = (tenant: Actor, { id }: Pick<PhoneNumber, "id">) =>
  tenant.call("set-primary-number", { body: { numberId: id } });
const primaries = async (tenant: Actor) =>
  (await rowsOf(stage, tenant)).filter((row) => row.is_primary).map((row) => row.phone_number);

test("a tenant makes another number primary: it is the only primary number, and messages go out from it", async () => {
  const ada = await ownerOf(stage, "ada", 2);
  const [first, second] = ada.numbers as [PhoneNumber, PhoneNumber];
  const seen = await lastRequest(stage);
  const { status, body } = await makePrimary(ada, second);
  assert.equal(status, 200, body.message);
  contract.operations[0].responses[200].parse(body);
  assert.deepEqual(body, { ...second, isPrimary: true });
  assert.deepEqual(await primaries(ada), [second.phoneNumber]);
  const asked = (await stage.twilio.requests(seen)).filter(({ path }) => path.includes(ada.accountSid));
  assert.deepEqual(asked, [], "Twilio has no primary numbers");
  const sent = await ada.call("send-sms", { body: { to: freshRecipient(), body: "Hello" } });
  assert.deepEqual([sent.status, sent.body.from], [201, second.phoneNumber]);
  const listed = (await ada.call("list-numbers")).body.numbers;
  assert.deepEqual(listed.map(({ id }: PhoneNumber) => id), [second.id, first.id]);
  const details = { phoneNumber: second.phoneNumber, phoneSid: second.phoneSid };
  assert.deepEqual(await trailOf(stage, ada, "number.made_primary"), [{ actor: `user:${ada.id}`, ...details }]);
});

test("making the primary number primary again changes nothing, and the response is the same", async () => {
  const ada = await ownerOf(stage, "ada", 1);
  const { status, body } = await makePrimary(ada, ada.numbers[0]!);
  assert.deepEqual([status, body], [200, ada.numbers[0]]);
  assert.deepEqual(await trailOf(stage, ada, "number.made_primary"), []);
});

test("concurrent changes leave one primary number", async () => {
  const ada = await ownerOf(stage, "ada", 4);
  const answers = await Promise.all([...ada.numbers, ...ada.numbers].map((number) => makePrimary(ada, number)));
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
  assert.equal((await primaries(ada)).length, 1);
});

test("a tenant cannot make another tenant's number primary", async () => {
  const [ada, mallory] = await Promise.all([ownerOf(stage, "ada", 2), ownerOf(stage, "mallory", 1)]);
  assertRefused(await makePrimary(mallory, ada.numbers[1]!), [404, "not_found"]);
  assertRefused(await makePrimary(mallory, { id: crypto.randomUUID() }), [404, "not_found"]);
  assert.deepEqual(await primaries(ada), [ada.numbers[0]!.phoneNumber]);
  assert.deepEqual(await primaries(mallory), [mallory.numbers[0]!.phoneNumber]);
});

test("a number that cannot send messages cannot be made primary", async () => {
  const ada = await ownerOf(stage, "ada", 2);
  const [first, second] = ada.numbers as [PhoneNumber, PhoneNumber];
  const capabilities = { sms: false, mms: false, voice: true };
  await stage.database.sql`
    update public.user_twilio_numbers set capabilities = ${
    stage.database.sql.json(capabilities)
  } where id = ${second.id}`;
  const details = assertRefused(await makePrimary(ada, second), [422, "invalid_sender"]);
  assert.deepEqual(details, [{ field: "numberId", code: "not_capable" }]);
  assert.deepEqual(await primaries(ada), [first.phoneNumber]);
  const sent = await ada.call("send-sms", { body: { to: freshRecipient(), body: "Hello", from: second.phoneNumber } });
  assert.deepEqual(assertRefused(sent, [422, "invalid_sender"]), [{ field: "from", code: "not_capable" }]);
});

test("a released number cannot be made primary", async () => {
  const ada = await ownerOf(stage, "ada", 2);
  const [first] = ada.numbers as [PhoneNumber];
  await ada.call("release-number", { body: { numberId: first.id, confirmPhoneNumber: first.phoneNumber } });
  assertRefused(await makePrimary(ada, first), [404, "not_found"]);
});
