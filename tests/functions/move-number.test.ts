import assert from "node:assert/strict";
import type { Actor } from "../../local/driver/actor.ts";
import { movedSchema } from "../../supabase/functions/admin/contract.ts";
import { assertInvalid, assertRefused } from "../support/answers.ts";
import {
  inboundUrlOf,
  listedPriceOf,
  type Owner,
  ownerOf,
  rowsOf,
  trailOf,
  writesAtTwilio,
} from "../support/numbers.ts";
import { signUpOperator } from "../support/operators.ts";
import { ownStage, test } from "../support/stage.ts";
import { freshNumber, freshRecipient, newcomer, provisioned, quiescence } from "../support/tenants.ts";

// This file has its own stack, because all tenants share the master account's numbers and other files read them.
const { stage } = ownStage({});

let signedUp: Promise<Actor> | undefined;

/** One operator for all tests. */
const operator = () => signedUp ??= signUpOperator(stage);

async function move(
  to: "tenant" | "master",
  { id }: Pick<Actor, "id">,
  phoneNumber: string,
  regulatory: { addressSid?: string; bundleSid?: string } = {},
) {
  return await (await operator()).call("admin/move-number", {
    body: { phoneNumber, userId: id, to, ...regulatory, reason: "their wish" },
  });
}

/** Buys a number into the master account. */
async function masterNumber(): Promise<{ phoneNumber: string; phoneSid: string }> {
  const phoneNumber = freshNumber();
  const path = `/Accounts/${stage.state.twilio.accountSid}/IncomingPhoneNumbers.json`;
  const response = await stage.twilio.post(path, { PhoneNumber: phoneNumber });
  return { phoneNumber, phoneSid: (await response.json()).sid };
}

async function ownerAtTwilio(phoneNumber: string, ...accounts: string[]) {
  for (const accountSid of accounts) {
    const found = (await stage.twilio.numbersOf(accountSid)).find((one) => one.phone_number === phoneNumber);
    if (found !== undefined) return { accountSid, smsUrl: found.sms_url };
  }
  return null;
}

async function sharedNumbers(phoneNumber: string) {
  const rows = await stage.database.sql`
    select phone_sid from private.master_numbers where phone_number = ${phoneNumber}`;
  return rows.map(({ phone_sid }) => phone_sid);
}

const master = () => stage.state.twilio.accountSid;

test("a number of the master account moves to a tenant, who then sends and receives with it", async () => {
  const [ada, { phoneNumber, phoneSid }] = await Promise.all([provisioned(stage, "ada"), masterNumber()]);
  await stage.database
    .sql`insert into private.master_numbers (phone_sid, phone_number) values (${phoneSid}, ${phoneNumber})
    on conflict do nothing`;
  const { status, body } = await move("tenant", ada, phoneNumber);
  assert.equal(status, 200, body.message);
  movedSchema.parse(body);
  const { number, warning } = body;
  assert.deepEqual(
    [number.phoneNumber, number.phoneSid, number.isPrimary, number.status, number.source],
    [phoneNumber, phoneSid, true, "active", "subaccount"],
  );
  assert.match(warning, /A2P 10DLC or toll-free/);
  assert.equal(await listedPriceOf(stage, ada), 1.15);
  assert.deepEqual(await ownerAtTwilio(phoneNumber, ada.accountSid), {
    accountSid: ada.accountSid,
    smsUrl: inboundUrlOf(stage, ada),
  });
  assert.deepEqual(await sharedNumbers(phoneNumber), []);
  const sent = await ada.call("send-sms", { body: { to: freshRecipient(), body: "Hello" } });
  assert.deepEqual([sent.status, sent.body.from], [201, phoneNumber]);
  assert.deepEqual(await trailOf(stage, ada, "number.moved"), [
    { actor: `operator:${(await operator()).id}`, phoneNumber, phoneSid, to: "tenant", reason: "their wish" },
  ]);
});

test("a tenant's number moves to the master account, is shared, and its texts no longer go to the tenant", async () => {
  const ada = await ownerOf(stage, "ada", 2);
  const { phoneNumber, phoneSid } = ada.numbers[0]!;
  const { status, body } = await move("master", ada, phoneNumber);
  assert.equal(status, 200, body.message);
  assert.deepEqual([body.number.phoneSid, body.number.isPrimary, body.number.source], [phoneSid, false, "master"]);
  assert.deepEqual(await ownerAtTwilio(phoneNumber, ada.accountSid, master()), { accountSid: master(), smsUrl: "" });
  assert.deepEqual(await sharedNumbers(phoneNumber), [phoneSid]);
  assert.deepEqual((await rowsOf(stage, ada)).map(({ status, is_primary }) => [status, is_primary]), [
    ["released", false],
    ["active", true],
  ]);
  assertRefused(await ada.call("send-sms", { body: { to: freshRecipient(), from: phoneNumber, body: "x" } }), [
    403,
    "number_not_owned",
  ]);
});

test("a number moves from one tenant to another by way of the master account", async () => {
  const [ada, ben] = await Promise.all([ownerOf(stage, "ada", 1), provisioned(stage, "ben")]);
  const { phoneNumber, phoneSid } = ada.numbers[0]!;
  assertRefused(await move("tenant", ben, phoneNumber), [409, "number_taken"]);
  assert.equal((await move("master", ada, phoneNumber)).status, 200);
  assert.equal((await move("tenant", ben, phoneNumber)).status, 200);
  assert.deepEqual((await rowsOf(stage, ben)).map(({ phone_sid, status }) => [phone_sid, status]), [[
    phoneSid,
    "active",
  ]]);
  assert.deepEqual((await rowsOf(stage, ada)).map(({ status }) => status), ["released"]);
});

test("a number that moves away and back keeps its row", async () => {
  const ada = await ownerOf(stage, "ada", 1);
  const { id, phoneNumber } = ada.numbers[0]!;
  await move("master", ada, phoneNumber);
  assert.equal((await move("tenant", ada, phoneNumber)).body.number.id, id);
});

test("a number moved twice is moved once, and the second response is the same", async () => {
  const [ada, { phoneNumber }] = await Promise.all([provisioned(stage, "ada"), masterNumber()]);
  const [first, second] = [await move("tenant", ada, phoneNumber), await move("tenant", ada, phoneNumber)];
  assert.deepEqual([second.status, second.body], [200, first.body]);
  assert.equal((await rowsOf(stage, ada)).length, 1);
  assert.equal(
    (await writesAtTwilio(stage, master())).filter(({ form }) => form["AccountSid"] === ada.accountSid).length,
    1,
  );
});

/** Faults of the request that moves the number, and the error. The number is moved once in any case. */
const TROUBLES: Record<string, { fault: Record<string, unknown>; refused?: [number, string] }> = {
  "loses its response": { fault: { kind: "drop_after_commit" } },
  "succeeds although Twilio responds with 503": { fault: { kind: "503", committed: true } },
  "succeeds although Twilio responds with an HTML page": { fault: { kind: "502", committed: true, body: "html" } },
  "is throttled once": { fault: { kind: "429", retryAfter: 0 } },
  "never reaches Twilio": { fault: { kind: "drop_before" }, refused: [503, "twilio_unavailable"] },
  "meets a 500": { fault: { kind: "500" }, refused: [503, "twilio_unavailable"] },
  "is refused": { fault: { kind: "400" }, refused: [422, "twilio_refused"] },
};

for (const [title, { fault, refused }] of Object.entries(TROUBLES)) {
  for (const to of ["tenant", "master"] as const) {
    test(`a move to the ${to} that ${title} is ${refused ? `refused with ${refused.join(" ")}, and done when repeated` : "done within the request"}`, async () => {
      const ada = await ownerOf(stage, "ada", 1);
      const { phoneNumber } = to === "tenant" ? await masterNumber() : ada.numbers[0]!;
      const [from, target] = to === "tenant" ? [master(), ada.accountSid] : [ada.accountSid, master()];
      await stage.twilio.fault({ match: `POST /Accounts/${from}/IncomingPhoneNumbers/**`, ...fault });
      try {
        const answer = await move(to, ada, phoneNumber);
        if (refused) assertRefused(answer, refused);
        else assert.equal(answer.status, 200, answer.body.message);
      } finally {
        await stage.twilio.clearFaults();
      }
      if (refused) assert.equal((await move(to, ada, phoneNumber)).status, 200);
      await assertMoved(ada, to, phoneNumber, target);
    });
  }
}

async function assertMoved(ada: Owner, to: "tenant" | "master", phoneNumber: string, target: string): Promise<void> {
  assert.deepEqual(await ownerAtTwilio(phoneNumber, ada.accountSid, master()), {
    accountSid: target,
    smsUrl: to === "tenant" ? inboundUrlOf(stage, ada) : "",
  });
  const rows = await rowsOf(stage, ada);
  assert.equal(rows.find((row) => row.phone_number === phoneNumber)?.status, to === "tenant" ? "active" : "released");
  assert.equal((await sharedNumbers(phoneNumber)).length, to === "tenant" ? 0 : 1);
}

/** Countries whose numbers need an address or a bundle: what a purchase and a move need, and Twilio's code for a move without it. */
const REGULATED = {
  AU: { prefix: "+614", digits: 8, field: "addressSid", missing: 21613, unaccepted: 21615 },
  DE: { prefix: "+491573", digits: 7, field: "bundleSid", missing: 21649, unaccepted: 21649 },
} as const;

for (const [country, { prefix, digits, field, missing, unaccepted }] of Object.entries(REGULATED)) {
  test(`a number of ${country} moves only with the ${field} of its new account, and back only with the old one's`, async () => {
    const ada = await ownerOf(stage, "ada", 0);
    const newOne = (accountSid: string) =>
      stage.twilio[field === "addressSid" ? "address" : "bundle"](accountSid, country);
    const [theirs, adas] = [await newOne(master()), await newOne(ada.accountSid)];
    const phoneNumber = prefix + String(Math.random()).slice(2, 2 + digits).padEnd(digits, "7");
    const bought = await stage.twilio.post(`/Accounts/${master()}/IncomingPhoneNumbers.json`, {
      PhoneNumber: phoneNumber,
      [field === "addressSid" ? "AddressSid" : "BundleSid"]: theirs,
    });
    assert.equal(bought.status, 201, await bought.text());
    const codes = async (answer: Promise<Awaited<ReturnType<typeof move>>>) => {
      const [detail] = assertRefused(await answer, [422, "regulatory_information_required"]);
      return [detail?.["field"], detail?.["code"], detail?.["twilioCode"]];
    };
    assert.deepEqual(await codes(move("tenant", ada, phoneNumber)), [field, "required", missing]);
    assert.deepEqual(await codes(move("tenant", ada, phoneNumber, { [field]: theirs })), [
      field,
      "not_accepted",
      unaccepted,
    ]);
    assert.deepEqual((await ownerAtTwilio(phoneNumber, master()))?.accountSid, master());
    const there = await move("tenant", ada, phoneNumber, { [field]: adas });
    assert.equal(there.status, 200, there.body.message);
    const again = await newOne(ada.accountSid);
    assert.equal((await move("tenant", ada, phoneNumber, { [field]: again })).status, 200);
    const [held] = await stage.twilio.numbersOf(ada.accountSid);
    assert.equal(
      held[field === "addressSid" ? "address_sid" : "bundle_sid"],
      again,
      "a repeated move sets the new one",
    );
    assert.deepEqual(await codes(move("master", ada, phoneNumber)), [field, "required", missing]);
    assert.equal((await move("master", ada, phoneNumber, { [field]: theirs })).status, 200);
    await assertMoved(ada, "master", phoneNumber, master());
  });
}

test("moving an unknown number is 404, and moving a number out of the wrong account is 409", async () => {
  const ada = await ownerOf(stage, "ada", 1);
  const { phoneNumber } = await masterNumber();
  assertRefused(await move("tenant", ada, freshNumber()), [404, "not_found"]);
  assertRefused(await move("master", ada, freshNumber()), [404, "not_found"]);
  const ben = await provisioned(stage, "ben");
  assertRefused(await move("master", ben, ada.numbers[0]!.phoneNumber), [409, "number_taken"]);
  assert.equal((await ownerAtTwilio(phoneNumber, master()))?.accountSid, master());
});

test("a number cannot move to or from a tenant who is unknown, suspended, closed or without a subaccount", async () => {
  const { phoneNumber } = await masterNumber();
  assertRefused(await move("tenant", { id: crypto.randomUUID() }, phoneNumber), [404, "not_found"]);
  assertRefused(await move("tenant", await newcomer(stage, "ben"), phoneNumber), [409, "subaccount_required"]);
  const ada = await ownerOf(stage, "ada", 1);
  for (const hold of ["suspended", "closed"] as const) {
    await stage.database.hold(ada.id, hold);
    await quiescence(stage, ada);
    for (const to of ["tenant", "master"] as const) {
      assertRefused(await move(to, ada, phoneNumber), [403, `subaccount_${hold}`]);
    }
  }
  assert.equal((await ownerAtTwilio(phoneNumber, master()))?.accountSid, master());
});

test("a number whose release is in progress cannot be moved", async () => {
  const ada = await ownerOf(stage, "ada", 1);
  const { id, phoneNumber } = ada.numbers[0]!;
  await stage.database.sql`update public.user_twilio_numbers set status = 'releasing' where id = ${id}`;
  assertRefused(await move("master", ada, phoneNumber), [409, "number_release_in_progress"]);
});

test("a tenant cannot move a number, including their own", async () => {
  const ada = await ownerOf(stage, "ada", 1);
  const body = { phoneNumber: ada.numbers[0]!.phoneNumber, userId: ada.id, to: "master", reason: "mine" };
  assertRefused(await ada.call("admin/move-number", { body }), [403, "forbidden"]);
});

test("a request with missing or invalid fields is refused with their names", async () => {
  const body = {
    phoneNumber: "4155550100",
    userId: "ada",
    to: "trash",
    addressSid: "AD1",
    bundleSid: "",
    reason: "",
    why: "x",
  };
  assertInvalid(await (await operator()).call("admin/move-number", { body }), [
    "phoneNumber",
    "userId",
    "to",
    "addressSid",
    "bundleSid",
    "reason",
    "why",
  ]);
});
