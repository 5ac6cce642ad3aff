import assert from "node:assert/strict";
import { eventually } from "../../driver/eventually.ts";
import { rejectsWith } from "../../../tests/support/twilio/rest-error.ts";
import { sdkFor } from "../../../tests/support/twilio/sdk-client.ts";
import { startFixture } from "../../../tests/support/twilio/simulator-fixture.ts";

const UNKNOWN_SID = `AC${"0".repeat(32)}`;

Deno.test("A new subaccount has its own token, belongs to the master, and is found by its exact name", async () => {
  await using fixture = await startFixture();
  const { accounts } = fixture.master.api.v2010;
  const created = await accounts.create({ friendlyName: "switchboard:alice" });
  await accounts.create({ friendlyName: "switchboard:alice2" });

  assert.match(created.sid, /^AC[0-9a-f]{32}$/);
  assert.match(created.authToken, /^[0-9a-f]{32}$/);
  assert.equal(created.ownerAccountSid, fixture.accountSid);
  assert.equal(created.status, "active");
  assert.equal(created.type, "Full");
  assert.ok(Math.abs(created.dateCreated.getTime() - Date.now()) < 5_000);
  const found = await accounts.list({ friendlyName: "switchboard:alice" });
  assert.deepEqual(found.map((account) => account.sid), [created.sid]);
  assert.equal(found[0]?.authToken, created.authToken, "the parent can read the token again");
});

Deno.test("Creating two accounts with the same name creates both: the API has no idempotency", async () => {
  await using fixture = await startFixture();
  const first = await fixture.subaccount("twin");
  const second = await fixture.subaccount("twin");
  const found = await fixture.master.api.v2010.accounts.list({ friendlyName: "twin" });
  assert.deepEqual(found.map((account) => account.sid), [second.sid, first.sid]);
});

Deno.test("Creating an account with a name over 64 characters answers 20002", async () => {
  await using fixture = await startFixture();
  const { accounts } = fixture.master.api.v2010;
  await accounts.create({ friendlyName: "x".repeat(64) });
  await rejectsWith(20002, 400, accounts.create({ friendlyName: "x".repeat(65) }));
});

Deno.test("The parent can suspend, reactivate and close a subaccount, and list accounts by status", async () => {
  await using fixture = await startFixture();
  const { sid } = await fixture.subaccount("bob");
  const account = fixture.master.api.v2010.accounts(sid);
  assert.equal((await account.update({ status: "suspended" })).status, "suspended");
  const suspended = await fixture.master.api.v2010.accounts.list({ status: "suspended" });
  assert.deepEqual(suspended.map((one) => one.sid), [sid]);
  assert.equal((await account.update({ status: "active", friendlyName: "Bob" })).friendlyName, "Bob");
  assert.equal((await account.update({ status: "closed" })).status, "closed");
  await rejectsWith(21479, 400, account.update({ status: "active" }));
  assert.equal((await account.fetch()).status, "closed");
});

Deno.test("Setting an invalid status, the master's status or a subaccount's own status fails", async () => {
  await using fixture = await startFixture();
  const { sid, client } = await fixture.subaccount("carol");
  const { accounts } = fixture.master.api.v2010;
  await rejectsWith(21475, 400, accounts(sid).update({ status: "paused" as "active" }));
  await rejectsWith(21477, 400, accounts(fixture.accountSid).update({ status: "suspended" }));
  await rejectsWith(20003, 401, client.api.v2010.accounts(sid).update({ status: "closed" }));
  assert.equal((await accounts(sid).fetch()).status, "active");
});

Deno.test("Closing a subaccount releases its numbers, which other accounts can then buy", async () => {
  await using fixture = await startFixture();
  const dave = await fixture.subaccount("dave");
  const erin = await fixture.subaccount("erin");
  const { phoneNumber } = await dave.client.incomingPhoneNumbers.create({ areaCode: "206" });
  await rejectsWith(21422, 400, erin.client.incomingPhoneNumbers.create({ phoneNumber }));
  await fixture.master.api.v2010.accounts(dave.sid).update({ status: "closed" });
  assert.equal((await erin.client.incomingPhoneNumbers.create({ phoneNumber })).accountSid, erin.sid);
});

Deno.test("Creating more than maxSubaccounts answers 21480, and closed subaccounts do not count", async () => {
  await using fixture = await startFixture({ maxSubaccounts: 1 });
  const { sid } = await fixture.subaccount("first");
  const { accounts } = fixture.master.api.v2010;
  await rejectsWith(21480, 400, accounts.create({ friendlyName: "second" }));
  await accounts(sid).update({ status: "closed" });
  await accounts.create({ friendlyName: "second" });
});

Deno.test("A subaccount cannot create subaccounts", async () => {
  await using fixture = await startFixture();
  const { client } = await fixture.subaccount("frank");
  await rejectsWith(21101, 400, client.api.v2010.accounts.create({ friendlyName: "nested" }));
});

Deno.test("Wrong credentials and access to a foreign account answer 20003, an unknown subaccount 20404", async () => {
  await using fixture = await startFixture();
  const grace = await fixture.subaccount("grace");
  const heidi = await fixture.subaccount("heidi");
  await rejectsWith(20003, 401, fixture.as(grace.sid, heidi.authToken).messages.list());
  await rejectsWith(20003, 401, fixture.as(UNKNOWN_SID, "x").messages.list());
  await rejectsWith(20003, 401, grace.client.api.v2010.accounts(heidi.sid).messages.list());
  await rejectsWith(20003, 401, grace.client.api.v2010.accounts(fixture.accountSid).fetch());
  const error = await rejectsWith(20404, 404, fixture.master.api.v2010.accounts(UNKNOWN_SID).fetch());
  assert.match(error.message, /^The requested resource \/2010-04-01\/Accounts\/AC0+\.json was not found$/);
});

Deno.test("The parent acts for a subaccount in the path with its own credentials", async () => {
  await using fixture = await startFixture();
  const ivan = await fixture.subaccount("ivan");
  const parent = sdkFor(fixture, fixture.accountSid, fixture.authToken, { actingFor: ivan.sid });
  const number = await parent.incomingPhoneNumbers.create({ areaCode: "312" });
  assert.equal(number.accountSid, ivan.sid);
  assert.equal((await ivan.client.incomingPhoneNumbers.list()).length, 1);
});

for (
  const [code, status] of [[20003, 401], [20005, 403], [20403, 403], [10001, 400], [90010, 400]] as const
) {
  Deno.test(`Requests as a suspended or closed account answer ${code} with inactiveAccountCode ${code}`, async () => {
    await using fixture = await startFixture({ inactiveAccountCode: code });
    const judy = await fixture.subaccount("judy");
    const account = fixture.master.api.v2010.accounts(judy.sid);
    for (const inactive of ["suspended", "closed"] as const) {
      await account.update({ status: inactive });
      await rejectsWith(code, status, judy.client.incomingPhoneNumbers.list());
      await rejectsWith(
        code,
        status,
        judy.client.messages.create({ to: "+14155550100", from: "+15005550006", body: "x" }),
      );
    }
  });
}

Deno.test("The parent can read the numbers of a suspended subaccount, but not send or buy for it", async () => {
  await using fixture = await startFixture();
  const karl = await fixture.subaccount("karl");
  const number = await karl.client.incomingPhoneNumbers.create({ areaCode: "415" });
  await fixture.master.api.v2010.accounts(karl.sid).update({ status: "suspended" });
  const parent = sdkFor(fixture, fixture.accountSid, fixture.authToken, { actingFor: karl.sid });
  assert.equal((await parent.incomingPhoneNumbers.list())[0]?.sid, number.sid, "numbers are kept");
  const from = number.phoneNumber;
  await rejectsWith(20005, 403, parent.messages.create({ from, to: "+14155550100", body: "x" }));
  await rejectsWith(20005, 403, parent.incomingPhoneNumbers.create({ areaCode: "415" }));
});

Deno.test("Both tokens of an account work until the secondary one is promoted, then only the new one", async () => {
  await using fixture = await startFixture();
  const leo = await fixture.subaccount("leo");
  const created = await leo.client.accounts.v1.secondaryAuthToken().create();
  assert.equal(created.accountSid, leo.sid);
  assert.ok(created.dateCreated instanceof Date);
  const renewed = fixture.as(leo.sid, created.secondaryAuthToken);
  await leo.client.messages.list();
  await renewed.messages.list();
  const promoted = await renewed.accounts.v1.authTokenPromotion().update();
  assert.equal(promoted.authToken, created.secondaryAuthToken);
  await rejectsWith(20003, 401, leo.client.messages.list());
  await renewed.messages.list();
  const seenByParent = await fixture.master.api.v2010.accounts(leo.sid).fetch();
  assert.equal(seenByParent.authToken, created.secondaryAuthToken);
});

Deno.test("A deleted secondary token is rejected and cannot be promoted", async () => {
  await using fixture = await startFixture();
  const mia = await fixture.subaccount("mia");
  const { secondaryAuthToken } = await mia.client.accounts.v1.secondaryAuthToken().create();
  assert.equal(await mia.client.accounts.v1.secondaryAuthToken().remove(), true);
  await rejectsWith(20003, 401, fixture.as(mia.sid, secondaryAuthToken).messages.list());
  await rejectsWith(20404, 404, mia.client.accounts.v1.authTokenPromotion().update());
  await rejectsWith(20404, 404, mia.client.accounts.v1.secondaryAuthToken().remove());
});

Deno.test("The SDK lists 1,060 accounts across pages of 1,000 and of 50", async () => {
  await using fixture = await startFixture({ maxSubaccounts: 2000 });
  const { accounts } = fixture.master.api.v2010;
  const authorization = `Basic ${btoa(`${fixture.accountSid}:${fixture.authToken}`)}`;
  for (let index = 0; index < 1060; index++) {
    const response = await fetch(`${fixture.url}/2010-04-01/Accounts.json`, {
      method: "POST",
      headers: { authorization },
      body: new URLSearchParams({ FriendlyName: `n${index}` }),
    });
    await response.body?.cancel();
  }
  const all = await accounts.list({ pageSize: 1000 });
  assert.equal(all.length, 1061);
  assert.equal(new Set(all.map((account) => account.sid)).size, 1061);
  assert.equal(all[0]?.friendlyName, "n1059", "newest first");
  const names: string[] = [];
  await new Promise<void>((resolve, reject) => {
    accounts.each({
      done: (error?: Error) => error ? reject(error) : resolve(),
      callback: (account) => void names.push(account.friendlyName),
    });
  });
  assert.equal(names.length, 1061);
  assert.equal((await accounts.list({ limit: 60 })).length, 60);
  await rejectsWith(20007, 400, accounts.list({ pageSize: 1001 }));
});

Deno.test("The SDK follows the relative next and previous page URIs", async () => {
  await using fixture = await startFixture();
  for (const name of ["a", "b", "c"]) await fixture.subaccount(name);
  const { accounts } = fixture.master.api.v2010;
  const first = await accounts.page({ pageSize: 2, status: "active" });
  assert.deepEqual(first.instances.map((account) => account.friendlyName), ["c", "b"]);
  const second = await first.nextPage();
  assert.ok(second);
  assert.deepEqual(second.instances.map((account) => account.friendlyName), ["a", "Switchboard (master)"]);
  assert.equal(second.nextPage(), undefined);
  assert.deepEqual((await second.previousPage())?.instances.map((account) => account.friendlyName), ["c", "b"]);
});

Deno.test("The next page begins after the last row even if rows were created in between", async () => {
  await using fixture = await startFixture();
  for (const name of ["a", "b", "c"]) await fixture.subaccount(name);
  const first = await fixture.master.api.v2010.accounts.page({ pageSize: 2 });
  await fixture.subaccount("d");
  const second = await first.nextPage();
  assert.deepEqual(second?.instances.map((account) => account.friendlyName), ["a", "Switchboard (master)"]);
});

Deno.test("An unknown path answers 404, a wrong method 405, and missing credentials 401", async () => {
  await using fixture = await startFixture();
  const authorization = `Basic ${btoa(`${fixture.accountSid}:${fixture.authToken}`)}`;
  const base = `${fixture.url}/2010-04-01/Accounts/${fixture.accountSid}`;
  const unknown = await fetch(`${base}/Nonsense.json`, { headers: { authorization } });
  assert.equal((await unknown.json()).code, 20404);
  const wrongMethod = await fetch(`${base}/Messages.json`, { method: "DELETE", headers: { authorization } });
  assert.equal(wrongMethod.status, 405);
  assert.equal((await wrongMethod.json()).code, 20004);
  const anonymous = await fetch(`${base}.json`);
  assert.equal(anonymous.headers.get("www-authenticate"), 'Basic realm="Twilio API"');
  assert.equal((await anonymous.json()).code, 20003);
});

Deno.test("Only the parent has a balance", async () => {
  await using fixture = await startFixture();
  const nina = await fixture.subaccount("nina");
  assert.equal((await fixture.master.balance.fetch()).currency, "USD");
  await rejectsWith(20404, 404, nina.client.balance.fetch());
});

Deno.test("The pricing API lists monthly number prices by type, and answers 404 for an unknown country", async () => {
  await using fixture = await startFixture();
  const countries = fixture.master.pricing.v1.phoneNumbers.countries;
  const states = await countries("US").fetch();
  assert.deepEqual([states.isoCountry, states.country, states.priceUnit], ["US", "United States", "USD"]);
  const prices = states.phoneNumberPrices.map(({ numberType, currentPrice }) => [numberType, String(currentPrice)]);
  assert.deepEqual(prices.sort(), [["local", "1.15"], ["toll free", "2.15"]]);
  const olga = await fixture.subaccount("olga");
  assert.equal((await olga.client.pricing.v1.phoneNumbers.countries("SE").fetch()).isoCountry, "SE");
  await rejectsWith(20404, 404, countries("ZZ").fetch());
});

Deno.test("The pricing API lists countries, and the prices of messages by carrier; Sweden has none, and an unknown country is 404", async () => {
  await using fixture = await startFixture();
  const countries = fixture.master.pricing.v1.messaging.countries;
  assert.deepEqual((await countries.list()).map(({ isoCountry }) => isoCountry).sort(), [
    "AU",
    "CA",
    "DE",
    "GB",
    "SE",
    "US",
  ]);
  const germany = await countries("DE").fetch();
  assert.deepEqual([germany.isoCountry, germany.priceUnit, germany.inboundSmsPrices.length], ["DE", "USD", 1]);
  const carriers = germany.outboundSmsPrices.map(({ carrier, prices }) => [carrier, prices!.length]);
  assert.deepEqual(carriers, [["Telekom", 1], ["Vodafone", 1], ["O2", 1]]);
  assert.deepEqual((await countries("SE").fetch()).outboundSmsPrices, []);
  await rejectsWith(20404, 404, countries("ZZ").fetch());
});

Deno.test("While the master account is suspended, it and its subaccounts can do nothing, and queued messages fail", async () => {
  await using fixture = await startFixture({ lifecycle: { sentMs: 150, deliveredMs: 160, priceMs: 170 } });
  const [gina, held] = [await fixture.subaccount("gina"), await fixture.subaccount("held")];
  const message = { from: "+15005550006", to: "+14155550123", body: "x" };
  await fixture.master.api.v2010.accounts(held.sid).update({ status: "suspended" });
  const { sid } = await gina.client.messages.create(message);
  await fixture.sim("POST", "settings", { masterSuspended: true });
  for (const client of [fixture.master, gina.client]) {
    await rejectsWith(20005, 403, client.messages.create(message));
    await rejectsWith(20005, 403, client.messages.list());
  }
  await rejectsWith(20005, 403, fixture.master.api.v2010.accounts(held.sid).update({ status: "active" }));
  await fixture.sim("POST", "settings", { inactiveAccountsRead: true });
  const statuses = async () =>
    Object.fromEntries((await fixture.master.api.v2010.accounts.list()).map((one) => [one.friendlyName, one.status]));
  assert.deepEqual(await statuses(), { "held": "suspended", "gina": "suspended", "Switchboard (master)": "suspended" });
  await eventually("the failure", async () => (await gina.client.messages(sid).fetch()).errorCode === 30002);
  const [number] = await fixture.master.incomingPhoneNumbers.list();
  await assert.rejects(
    fixture.sim("POST", "inbound", { from: "+14155550123", to: number?.phoneNumber, body: "hi" }),
    /409.*suspended/,
  );
  await fixture.sim("POST", "settings", { masterSuspended: false, inactiveAccountsRead: false });
  assert.deepEqual(await statuses(), { "held": "suspended", "gina": "active", "Switchboard (master)": "active" });
  await gina.client.messages.create(message);
});

Deno.test("An account whose balance is used up is suspended until funds are added", async () => {
  await using fixture = await startFixture();
  const { client } = await fixture.subaccount("hugo");
  const message = { from: "+15005550006", to: "+14155550123", body: "x" };
  const balance = async () =>
    Number((await fixture.master.api.v2010.accounts(fixture.accountSid).balance.fetch()).balance);
  await fixture.sim("POST", "settings", { funds: 0.01, inactiveAccountCode: 10001 });
  await client.messages.create(message);
  await eventually("the price", async () => await balance() < 0.01);
  assert.equal(await balance(), 0.0017);
  await client.messages.create(message);
  await eventually("the suspension", () => client.messages.list().then(() => false, () => true));
  await rejectsWith(10001, 400, client.messages.create(message));
  await rejectsWith(10001, 400, fixture.master.messages.create(message));
  await fixture.sim("POST", "settings", { funds: 20 });
  await client.messages.create(message);
});
