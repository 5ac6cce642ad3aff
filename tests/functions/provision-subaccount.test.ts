import assert from "node:assert/strict";
import { eventually } from "../../local/driver/eventually.ts";
import { assertRefused } from "../support/answers.ts";
import { sharedStage, test } from "../support/stage.ts";
import { newcomer, openAccounts, provisioned, quiescence, withNumber } from "../support/tenants.ts";

const stage = sharedStage();
const POST = { method: "POST" };
const NO_OUTLOOK = { heldByOperator: false, suspendsAt: null, numbersReleasedAt: null };

test("the first request creates a subaccount with 201, and later requests return it with 200", async () => {
  const ada = await newcomer(stage, "ada");
  const created = await ada.call("provision-subaccount", POST);
  const friendlyName = `switchboard:${ada.id}`;
  assert.match(created.body.subaccountSid, /^AC[0-9a-f]{32}$/);
  const shown = { success: true, subaccountSid: created.body.subaccountSid, friendlyName, status: "active" };
  assert.deepEqual([created.status, created.body], [201, shown]);
  for (const body of [undefined, {}, ""]) {
    const again = await ada.call("provision-subaccount", { method: "POST", body });
    assert.deepEqual([again.status, again.body], [200, shown]);
  }
  const account = await stage.twilio.get(`/Accounts/${created.body.subaccountSid}.json`);
  assert.deepEqual([account.owner_account_sid, account.friendly_name], [stage.state.twilio.accountSid, friendlyName]);
});

test("a tenant reads the status of their subaccount, before it exists and after", async () => {
  const ada = await newcomer(stage, "ada");
  const before = await ada.call("provision-subaccount");
  assert.deepEqual([before.status, before.body], [200, {
    provisioned: false,
    status: null,
    subaccountSid: null,
    friendlyName: null,
    createdAt: null,
    ...NO_OUTLOOK,
  }]);
  const { subaccountSid } = await ada.switchboard.provisionSubaccount();
  const { createdAt, ...after } = await ada.switchboard.subaccount();
  assert.deepEqual(after, {
    provisioned: true,
    status: "active",
    subaccountSid,
    friendlyName: `switchboard:${ada.id}`,
    ...NO_OUTLOOK,
  });
  assert.match(createdAt ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
  assert.ok(Math.abs(Date.now() - Date.parse(createdAt ?? "")) < 60_000);
});

test("reading the status neither calls Twilio nor requests a subaccount", async () => {
  const ada = await newcomer(stage, "ada");
  await ada.call("provision-subaccount");
  assert.deepEqual(await stage.twilio.accountsNamed(`switchboard:${ada.id}`), []);
  assert.equal(await stage.database.isQuiet(ada.id), true);
});

test("twenty concurrent requests create one account, and each gets it or 202", async () => {
  const ada = await newcomer(stage, "ada");
  const answers = await Promise.all(Array.from({ length: 20 }, () => ada.call("provision-subaccount", POST)));
  await quiescence(stage, ada);
  const accounts = await stage.twilio.accountsNamed(`switchboard:${ada.id}`);
  assert.equal(accounts.length, 1);
  assert.equal(answers.filter(({ status }) => status === 201).length, 1);
  for (const { status, headers, body } of answers) {
    if (status === 202) assert.deepEqual([body.status, headers.get("retry-after")], ["pending", "2"]);
    else assert.deepEqual([status === 200 || status === 201, body.subaccountSid], [true, accounts[0]?.sid]);
  }
  assert.deepEqual((await ada.call("provision-subaccount", POST)).body.subaccountSid, accounts[0]?.sid);
});

test("the token is stored sealed, and opens to the token Twilio issued", async () => {
  const ada = await provisioned(stage, "ada");
  const stored = await stage.database.preferencesOf(ada.id);
  assert.equal(stored?.sid, ada.accountSid);
  assert.match(stored?.token ?? "", /^v1\.k1\.[\w-]{16}\.[\w-]+$/);
  assert.ok(!stored?.token?.includes(ada.authToken));
  const { status } = await ada.call("search-numbers?limit=1"); // uses the unsealed token
  assert.equal(status, 200);
  const authenticated = (await stage.twilio.requests()).findLast(({ path }) => path.includes(ada.accountSid));
  assert.equal(authenticated?.account, ada.accountSid);
});

test("a suspended tenant cannot provision another account, and is active again when the hold ends", async () => {
  const ada = await withNumber(stage, "ada");
  await stage.database.hold(ada.id, "suspended");
  await quiescence(stage, ada);
  assertRefused(await ada.call("provision-subaccount", POST), [403, "subaccount_suspended"]);
  assert.equal((await ada.switchboard.subaccount()).status, "suspended");
  assert.equal((await stage.twilio.get(`/Accounts/${ada.accountSid}.json`)).status, "suspended");

  await stage.database.hold(ada.id, null);
  await quiescence(stage, ada);
  assert.deepEqual((await ada.call("provision-subaccount", POST)).body.status, "active");
  assert.equal((await stage.twilio.get(`/Accounts/${ada.accountSid}.json`)).status, "active");
  const { numbers } = await ada.switchboard.listNumbers();
  assert.deepEqual(numbers.map((one) => one.phoneNumber), [ada.number]);
});

test("a closed tenant gets no new account, and their numbers are released", async () => {
  const ada = await withNumber(stage, "ada");
  await stage.database.hold(ada.id, "closed");
  await quiescence(stage, ada);
  assertRefused(await ada.call("provision-subaccount", POST), [403, "subaccount_closed"]);
  assert.equal((await ada.switchboard.subaccount()).status, "closed");
  const accounts = await stage.twilio.accountsNamed(`switchboard:${ada.id}`);
  assert.deepEqual(accounts.map(({ sid, status }) => [sid, status]), [[ada.accountSid, "closed"]]);
  const [number] = await stage.database.sql`
    select status, is_primary from public.user_twilio_numbers where phone_number = ${ada.number}`;
  assert.deepEqual({ ...number }, { status: "released", is_primary: false });
});

test("an account suspended in Twilio's console stays suspended, also when its tenant deletes their row", async () => {
  const ada = await provisioned(stage, "ada");
  await stage.twilio.setStatus(ada.accountSid, "suspended");
  await stage.database.enqueue({ kind: "converge", userId: ada.id });
  await quiescence(stage, ada);
  assert.equal((await ada.switchboard.subaccount()).status, "suspended");
  assertRefused(await ada.call("provision-subaccount", POST), [403, "subaccount_suspended"]);
  assert.equal((await stage.twilio.get(`/Accounts/${ada.accountSid}.json`)).status, "suspended");

  // The host application may let its users delete their row.
  await stage.database.sql`delete from public.user_preferences where user_id = ${ada.id}`;
  assertRefused(await ada.call("provision-subaccount", POST), [403, "subaccount_suspended"]);
  await quiescence(stage, ada);
  assert.equal((await stage.twilio.get(`/Accounts/${ada.accountSid}.json`)).status, "suspended");
  assert.equal((await ada.switchboard.subaccount()).status, "suspended");

  await stage.twilio.setStatus(ada.accountSid, "active");
  assert.deepEqual((await ada.call("provision-subaccount", POST)).body.status, "active");
});

test("a deleted user keeps no open account, and their remaining token cannot create one", async () => {
  const ada = await provisioned(stage, "ada");
  await stage.database.sql`delete from auth.users where id = ${ada.id}`;
  await eventually("the account to be closed", async () => (await openAccounts(stage, ada)).length === 0);
  assertRefused(await ada.call("provision-subaccount", POST), [403, "subaccount_closed"]);
  await quiescence(stage, ada);
  assert.deepEqual(await openAccounts(stage, ada), []);
});

test("an existing account with the tenant's name is adopted, not doubled", async () => {
  const ada = await newcomer(stage, "ada");
  const orphan = await newAccount(`switchboard:${ada.id}`);
  const { status, body } = await ada.call("provision-subaccount", POST);
  assert.deepEqual([status, body.subaccountSid], [200, orphan]);
  assert.deepEqual(await openAccounts(stage, ada), [orphan]);
});

test("of several accounts with the tenant's name the one with numbers is kept, and the others are closed", async () => {
  const ada = await newcomer(stage, "ada");
  const [first, second, third] = [await orphanOf(ada.id), await orphanOf(ada.id), await orphanOf(ada.id)];
  const bought = await stage.twilio.post(`/Accounts/${second}/IncomingPhoneNumbers.json`, { AreaCode: "907" });
  assert.equal(bought.status, 201, await bought.text());
  const { status, body } = await ada.call("provision-subaccount", POST);
  assert.deepEqual([status, body.subaccountSid], [200, second]);
  assert.deepEqual(await openAccounts(stage, ada), [second]);
  const actions = await stage.database.sql`
    select subaccount_sid from public.audit_log where user_id = ${ada.id} and action = 'subaccount.duplicate_closed'`;
  assert.deepEqual(new Set(actions.map((row) => row["subaccount_sid"])), new Set([first, third]));
});

const orphanOf = (userId: string) => newAccount(`switchboard:${userId}`);

async function newAccount(FriendlyName: string): Promise<string> {
  const response = await stage.twilio.post("/Accounts.json", { FriendlyName });
  return (await response.json()).sid;
}
