import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import type { Actor } from "../../local/driver/actor.ts";
import { contract } from "../../supabase/functions/buy-number/contract.ts";
import { assertRefused } from "../support/answers.ts";
import { sharedStage, test } from "../support/stage.ts";
import {
  allow,
  buy,
  freshNumber,
  newcomer,
  provisioned,
  quiescence,
  type Tenant,
  withNumber,
} from "../support/tenants.ts";

const stage = sharedStage();

const purchase = (tenant: Actor, phoneNumber: string) => tenant.call("buy-number", { body: { phoneNumber } });

/** The requests to Twilio that buy a number for the tenant. */
async function purchasesAtTwilio({ accountSid }: Tenant) {
  const path = `/2010-04-01/Accounts/${accountSid}/IncomingPhoneNumbers.json`;
  return (await stage.twilio.requests()).filter((request) => request.method === "POST" && request.path === path);
}

async function rowsOf({ id }: Actor) {
  return [
    ...await stage.database.sql<
      { phone_number: string; phone_sid: string | null; status: string; is_primary: boolean }[]
    >`
      select phone_number, phone_sid, status, is_primary from public.user_twilio_numbers where user_id = ${id} order by created_at`,
  ];
}

test("a tenant buys a number, which belongs to them in the database and at Twilio and is primary", async () => {
  const ada = await provisioned(stage, "ada");
  const phoneNumber = freshNumber();
  const { status, body } = await ada.call("buy-number", { body: { phoneNumber, friendlyName: "Ada's line" } });
  assert.equal(status, 201, body.message);
  const { id, phoneSid, ...rest } = body;
  assert.deepEqual(rest, {
    phoneNumber,
    friendlyName: "Ada's line",
    capabilities: { sms: true, mms: true, voice: true },
    isPrimary: true,
    status: "active",
    source: "subaccount",
  });
  const { data } = await ada.data.from("user_twilio_numbers").select("id, phone_sid, account_sid, purchased_at")
    .single();
  assert.deepEqual([data?.id, data?.phone_sid, data?.account_sid], [id, phoneSid, ada.accountSid]);
  assert.ok(data?.purchased_at);
  const owned = await stage.twilio.get(`/Accounts/${ada.accountSid}/IncomingPhoneNumbers/${phoneSid}.json`);
  assert.deepEqual([owned.phone_number, owned.friendly_name], [phoneNumber, "Ada's line"]);
  const [line] = await stage.database.sql`
    select actor, subaccount_sid, details from public.audit_log where user_id = ${ada.id} and action = 'number.bought'`;
  assert.deepEqual({ ...line }, {
    actor: `user:${ada.id}`,
    subaccount_sid: ada.accountSid,
    details: { phoneNumber, phoneSid },
  });
});

test("texts to a bought number are sent to our webhook, with five retries", async () => {
  const ada = await withNumber(stage, "ada");
  const [owned] = await stage.twilio.numbersOf(ada.accountSid);
  assert.equal(owned.sms_url, inboundUrl(ada));
  assert.equal(owned.sms_method, "POST");
});

const inboundUrl = ({ id }: Actor) => `${stage.state.apiUrl}/functions/v1/twilio-webhook/inbound/${id}#rc=5&rp=all`;

test("a number is bought with the tenant's own credentials", async () => {
  const ada = await withNumber(stage, "ada");
  assert.deepEqual((await purchasesAtTwilio(ada)).map(({ account }) => account), [ada.accountSid]);
});

test("the second number is not primary", async () => {
  const ada = await provisioned(stage, "ada");
  await allow(stage, ada, { numbers: 2 });
  const [first, second] = [await buy(ada, freshNumber()), await buy(ada, freshNumber())];
  assert.deepEqual((await rowsOf(ada)).map((row) => [row.phone_number, row.is_primary]), [[first, true], [
    second,
    false,
  ]]);
});

test("a tenant at their plan's limit is refused with the limit, and Twilio is not asked", async () => {
  const ada = await provisioned(stage, "ada");
  await allow(stage, ada, { numbers: 1 });
  await buy(ada, freshNumber());
  const details = assertRefused(await purchase(ada, freshNumber()), [403, "number_limit_reached"]);
  assert.deepEqual(details, [{ limit: 1 }]);
  assert.equal((await purchasesAtTwilio(ada)).length, 1);
});

test("a tenant on free who buys and releases in a loop is stopped at the day's limit, which says when it resets", async () => {
  const ada = await provisioned(stage, "ada");
  const bought = [];
  let refused = await purchase(ada, freshNumber());
  while (refused.status === 201 && bought.length < 8) {
    bought.push(refused.body.phoneNumber);
    const body = { numberId: refused.body.id, confirmPhoneNumber: refused.body.phoneNumber };
    assert.equal((await ada.call("release-number", { body })).status, 200);
    refused = await purchase(ada, freshNumber());
  }
  const [{ limit, resetsAt }] = assertRefused(refused, [429, "purchase_limit_reached"]) as [Record<string, string>];
  assert.deepEqual([bought.length, limit, (await purchasesAtTwilio(ada)).length], [2, 2, 2]);
  assert.match(refused.body.message, /limit of 2 purchases in a day .*resets at 20/);
  const wait = (Date.parse(resetsAt!) - Date.now()) / 1000;
  assert.ok(wait > 86_000 && wait <= 86_400, `${wait}`);
  assert.ok(Math.abs(Number(refused.headers.get("retry-after")) - wait) < 10);
});

test("a number's monthly price counts toward the spend limit, and one beyond it is refused before Twilio is asked", async () => {
  const ada = await provisioned(stage, "ada");
  await allow(stage, ada, { spend: 2 });
  await buy(ada, freshNumber());
  const [detail] = assertRefused(await purchase(ada, freshNumber()), [402, "spend_limit_reached"]);
  assert.deepEqual([detail?.["limit"], detail?.["used"], detail?.["left"]], [2, 1.15, 0.85]);
  const [row] = await stage.database
    .sql`select monthly_price::float8 from private.number_purchases where user_id = ${ada.id}`;
  assert.deepEqual([row?.["monthly_price"], (await purchasesAtTwilio(ada)).length], [1.15, 1]);
});

test("a number dearer than the plan allows is refused with its price", async () => {
  const ada = await provisioned(stage, "ada");
  await allow(stage, ada, {});
  await stage.database.sql`update public.plans set max_number_price = 2 where key = ${`of-${ada.id}`}`;
  const details = assertRefused(await purchase(ada, "+18332222222"), [403, "number_price_limit_reached"]);
  assert.deepEqual([details, (await purchasesAtTwilio(ada)).length], [[{ limit: 2, price: 2.15 }], 0]);
});

test("a number without a known price is refused as price_unavailable, and nothing is reserved", async () => {
  const ada = await provisioned(stage, "ada");
  // No other purchase of these tests has read the prices of Sweden.
  await stage.twilio.fault({ match: "GET /pricing.twilio.com/v1/PhoneNumbers/Countries/SE", kind: "500", times: 9 });
  try {
    for (const phoneNumber of ["+46701234567", "+999123456789"]) {
      const refused = await purchase(ada, phoneNumber);
      assertRefused(refused, [503, "price_unavailable"]);
      assert.equal(refused.headers.get("retry-after"), "60");
    }
  } finally {
    await stage.twilio.clearFaults();
  }
  assert.deepEqual([await rowsOf(ada), await purchasesAtTwilio(ada)], [[], []]);
});

test("eight concurrent purchases buy no more numbers than the plan allows", async () => {
  const ada = await provisioned(stage, "ada");
  await allow(stage, ada, { numbers: 3 });
  const answers = await Promise.all(Array.from({ length: 8 }, () => purchase(ada, freshNumber())));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 201, 201, 403, 403, 403, 403, 403]);
  assert.equal((await stage.twilio.numbersOf(ada.accountSid)).length, 3);
  assert.equal((await rowsOf(ada)).filter((row) => row.is_primary).length, 1);
});

test("two purchases of one number by one tenant at the same time buy one number", async () => {
  const ada = await provisioned(stage, "ada");
  await allow(stage, ada, { numbers: 5 });
  const phoneNumber = freshNumber();
  const answers = await Promise.all([purchase(ada, phoneNumber), purchase(ada, phoneNumber)]);
  const [refused] = answers.filter(({ status }) => status !== 201);
  assert.equal(answers.filter(({ status }) => status === 201).length, 1);
  assertRefused(refused!, [
    409,
    refused?.body.code === "number_taken" ? "number_taken" : "number_purchase_in_progress",
  ]);
  assert.deepEqual((await stage.twilio.numbersOf(ada.accountSid)).map((one) => one.phone_number), [phoneNumber]);
  assert.equal((await rowsOf(ada)).length, 1);
  assert.equal((await purchasesAtTwilio(ada)).length, 1);
});

test("when two tenants buy one number at the same time, one gets it and the other is refused as number_taken", async () => {
  const [ada, ben] = await Promise.all([provisioned(stage, "ada"), provisioned(stage, "ben")]);
  const phoneNumber = freshNumber();
  const answers = await Promise.all([purchase(ada, phoneNumber), purchase(ben, phoneNumber)]);
  assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409]);
  assertRefused(answers.find(({ status }) => status === 409)!, [409, "number_taken"]);
  const owned = [...await stage.twilio.numbersOf(ada.accountSid), ...await stage.twilio.numbersOf(ben.accountSid)];
  assert.equal(owned.length, 1);
});

test("another tenant's number is refused as taken, and Twilio is not asked", async () => {
  const [ada, ben] = await Promise.all([withNumber(stage, "ada"), provisioned(stage, "ben")]);
  assertRefused(await purchase(ben, ada.number), [409, "number_taken"]);
  assert.deepEqual(await purchasesAtTwilio(ben), []);
});

test("a tenant cannot buy their own number a second time", async () => {
  const ada = await withNumber(stage, "ada");
  assertRefused(await purchase(ada, ada.number), [409, "number_taken"]);
  assert.equal((await purchasesAtTwilio(ada)).length, 1);
});

/** Numbers that Twilio does not sell without further information, or not at all. */
const REFUSED: Record<
  string,
  { phoneNumber: string; refused: [number, string]; twilioCode: number; missing?: object }
> = {
  "is taken (21422)": { phoneNumber: "+15005550000", refused: [409, "number_taken"], twilioCode: 21422 },
  "is invalid (21421)": { phoneNumber: "+15005550001", refused: [422, "number_not_available"], twilioCode: 21421 },
  "needs an address (21631)": {
    phoneNumber: "+61412345678",
    refused: [422, "regulatory_information_required"],
    twilioCode: 21631,
    missing: { field: "addressSid", code: "required", message: "must be the SID of an address" },
  },
  "needs a bundle (21649)": {
    phoneNumber: "+4915731234567",
    refused: [422, "regulatory_information_required"],
    twilioCode: 21649,
    missing: {
      field: "bundleSid",
      code: "required",
      message: "must be the SID of an approved regulatory bundle",
    },
  },
};

for (const [title, { phoneNumber, refused, twilioCode, missing }] of Object.entries(REFUSED)) {
  test(`a number that ${title} is refused with Twilio's code${missing ? " and the missing field" : ""}, and does not count against the limit`, async () => {
    const ada = await provisioned(stage, "ada");
    await allow(stage, ada, { numbers: 1 });
    const [detail] = assertRefused(await purchase(ada, phoneNumber), refused);
    assert.deepEqual(detail, {
      ...missing,
      twilioCode,
      twilioStatus: 400,
      moreInfo: `https://www.twilio.com/docs/errors/${twilioCode}`,
    });
    assert.deepEqual(await rowsOf(ada), []);
    await buy(ada, freshNumber());
  });
}

const australian = () => `+614${randomInt(10_000_000, 99_999_999)}`;
const german = () => `+491573${randomInt(1_000_000, 9_999_999)}`;

test("a number that requires an address or a bundle is bought with them", async () => {
  const ada = await provisioned(stage, "ada");
  await allow(stage, ada, { numbers: 2 });
  const addressSid = await stage.twilio.address(ada.accountSid, "AU");
  const bundleSid = await stage.twilio.bundle(ada.accountSid, "DE");
  const purchases = [{ phoneNumber: australian(), addressSid }, { phoneNumber: german(), addressSid, bundleSid }];
  for (const body of purchases) {
    const answer = await ada.call("buy-number", { body });
    assert.equal(answer.status, 201, answer.body.message);
    contract.operations[0].responses[201].parse(answer.body);
  }
  const sent = (await purchasesAtTwilio(ada)).map(({ form }) => [form["AddressSid"], form["BundleSid"]]);
  assert.deepEqual(sent, [[addressSid, undefined], [addressSid, bundleSid]]);
});

test("a number with an unknown address or with an unapproved bundle or one of another account is refused", async () => {
  const [ada, ben] = await Promise.all([provisioned(stage, "ada"), provisioned(stage, "ben")]);
  const pending = await stage.twilio.bundle(ada.accountSid, "DE", "pending-review");
  const bens = await stage.twilio.bundle(ben.accountSid, "DE");
  const cases = [
    { body: { phoneNumber: australian(), addressSid: `AD${"a".repeat(32)}` }, field: "addressSid", twilioCode: 21615 },
    { body: { phoneNumber: german(), bundleSid: pending }, field: "bundleSid", twilioCode: 21649 },
    { body: { phoneNumber: german(), bundleSid: bens }, field: "bundleSid", twilioCode: 21649 },
    { body: { phoneNumber: german(), bundleSid: `BU${"b".repeat(32)}` }, field: "bundleSid", twilioCode: 21649 },
  ];
  for (const { body, field, twilioCode } of cases) {
    const [detail] = assertRefused(await ada.call("buy-number", { body }), [422, "regulatory_information_required"]);
    assert.deepEqual([detail?.["field"], detail?.["code"], detail?.["twilioCode"]], [
      field,
      "not_accepted",
      twilioCode,
    ]);
  }
  assert.deepEqual(await rowsOf(ada), []);
});

test("a number held by an unknown account at Twilio is refused as taken", async () => {
  const ada = await provisioned(stage, "ada");
  const [masters] = await stage.twilio.numbersOf(stage.state.twilio.accountSid);
  const [detail] = assertRefused(await purchase(ada, masters.phone_number), [409, "number_taken"]);
  assert.equal(detail?.["twilioCode"], 21422);
  assert.deepEqual(await rowsOf(ada), []);
});

test("a number the tenant's account already holds at Twilio becomes theirs without another purchase", async () => {
  const ada = await provisioned(stage, "ada");
  const phoneNumber = freshNumber();
  const held = await stage.twilio.post(`/Accounts/${ada.accountSid}/IncomingPhoneNumbers.json`, {
    PhoneNumber: phoneNumber,
  });
  const { sid } = await held.json();
  const { status, body } = await purchase(ada, phoneNumber);
  assert.deepEqual([status, body.phoneSid], [201, sid]);
  const [owned, ...others] = await stage.twilio.numbersOf(ada.accountSid);
  assert.deepEqual([owned.sid, owned.sms_url, others], [sid, inboundUrl(ada), []]);
});

test("a user without a subaccount is refused with subaccount_required", async () => {
  const ada = await newcomer(stage, "ada");
  assertRefused(await purchase(ada, freshNumber()), [409, "subaccount_required"]);
});

for (const hold of ["suspended", "closed"] as const) {
  test(`a ${hold} tenant cannot buy a number, and Twilio is not asked`, async () => {
    const ada = await provisioned(stage, "ada");
    await stage.database.hold(ada.id, hold);
    await quiescence(stage, ada);
    assertRefused(await purchase(ada, freshNumber()), [403, `subaccount_${hold}`]);
    assert.deepEqual([await rowsOf(ada), await purchasesAtTwilio(ada)], [[], []]);
  });
}

test("a purchase in an account suspended in Twilio's console detects the suspension", async () => {
  const ada = await provisioned(stage, "ada");
  await stage.twilio.setStatus(ada.accountSid, "suspended");
  assertRefused(await purchase(ada, freshNumber()), [502, "twilio_misconfigured"]);
  assert.deepEqual(await rowsOf(ada), []);
  await quiescence(stage, ada);
  assert.equal((await ada.call("provision-subaccount")).body.status, "suspended");
});
