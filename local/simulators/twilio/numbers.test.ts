import assert from "node:assert/strict";
import { rejectsWith } from "../../../tests/support/twilio/rest-error.ts";
import { type Fixture, startFixture } from "../../../tests/support/twilio/simulator-fixture.ts";

Deno.test("Countries are listed with their number types", async () => {
  await using fixture = await startFixture();
  const countries = await fixture.master.availablePhoneNumbers.list();
  assert.deepEqual(["US", "CA", "GB"].filter((code) => countries.some((one) => one.countryCode === code)), [
    "US",
    "CA",
    "GB",
  ]);
  const britain = await fixture.master.availablePhoneNumbers("GB").fetch();
  assert.deepEqual(Object.keys(britain.subresourceUris).sort(), ["local", "mobile", "toll_free"]);
  await rejectsWith(20404, 404, fixture.master.availablePhoneNumbers("XX").fetch());
  await rejectsWith(20404, 404, fixture.master.availablePhoneNumbers("US").mobile.list());
});

Deno.test("A search by area code always finds the same numbers of that area, with upper-case SMS and MMS", async () => {
  await using fixture = await startFixture();
  const local = fixture.master.availablePhoneNumbers("US").local;
  const found = await local.list({ areaCode: 415, limit: 20 });
  assert.equal(found.length, 20);
  assert.equal(new Set(found.map((number) => number.phoneNumber)).size, 20);
  assert.ok(found.every((number) => /^\+1415[2-9]\d{6}$/.test(number.phoneNumber)));
  assert.equal(found[0]?.locality, "San Francisco");
  assert.deepEqual(found[0]?.capabilities as unknown, { voice: true, SMS: true, MMS: true });
  assert.match(found[0]?.friendlyName ?? "", /^\(415\) \d{3}-\d{4}$/);
  const again = await local.list({ areaCode: 415, limit: 20 });
  assert.deepEqual(again.map((number) => number.phoneNumber), found.map((number) => number.phoneNumber));
});

Deno.test("Contains matches digits, keypad letters, and * for any digit", async () => {
  await using fixture = await startFixture();
  const local = fixture.master.availablePhoneNumbers("US").local;
  const digits = await local.list({ contains: "7*7", limit: 10 });
  assert.equal(digits.length, 10);
  assert.ok(digits.every((number) => /7\d7/.test(number.phoneNumber)));
  const letters = await local.list({ contains: "CATS", limit: 5 });
  assert.equal(letters.length, 5);
  assert.ok(letters.every((number) => number.phoneNumber.includes("2287")));
  await rejectsWith(20001, 400, local.list({ contains: "#" }));
});

Deno.test("A search filters by region, locality and capability, and limits by page size", async () => {
  await using fixture = await startFixture();
  const { local } = fixture.master.availablePhoneNumbers("US");
  assert.ok((await local.list({ inRegion: "TX", limit: 9 })).every((number) => number.region === "TX"));
  assert.ok(
    (await local.list({ inLocality: "Hilo", limit: 9 })).every((number) => number.phoneNumber.startsWith("+1808")),
  );
  assert.equal((await local.list()).length, 50);
  assert.deepEqual(await local.list({ smsEnabled: false }), []);
  const britain = fixture.master.availablePhoneNumbers("GB");
  assert.deepEqual(await britain.local.list({ smsEnabled: true }), []);
  assert.equal((await britain.mobile.list({ smsEnabled: true, limit: 2 })).length, 2);
  assert.equal((await britain.mobile.list({ mmsEnabled: true })).length, 0);
  assert.ok(
    (await fixture.master.availablePhoneNumbers("US").tollFree.list({ areaCode: 888, limit: 3 })).every((number) =>
      number.phoneNumber.startsWith("+1888")
    ),
  );
});

Deno.test("Booleans in a query are read in any case, and any other text answers 20001", async () => {
  await using fixture = await startFixture();
  const britain = fixture.master.availablePhoneNumbers("GB");
  for (const yes of ["True", "true", "TRUE"] as unknown[] as boolean[]) {
    assert.deepEqual(await britain.local.list({ smsEnabled: yes }), []);
    assert.equal((await britain.mobile.list({ smsEnabled: yes, limit: 1 })).length, 1);
    assert.deepEqual(
      await fixture.master.availablePhoneNumbers("AU").mobile.list({ excludeAllAddressRequired: yes }),
      [],
    );
  }
  for (const no of ["False", "false", "FALSE"] as unknown[] as boolean[]) {
    assert.equal((await britain.local.list({ smsEnabled: no, faxEnabled: no, limit: 1 })).length, 1);
    assert.deepEqual(await britain.mobile.list({ voiceEnabled: no }), []);
    const australia = fixture.master.availablePhoneNumbers("AU").mobile;
    assert.equal((await australia.list({ excludeAllAddressRequired: no, limit: 1 })).length, 1);
  }
  await rejectsWith(20001, 400, britain.local.list({ smsEnabled: "yes" as unknown as boolean }));
});

Deno.test("A malformed area code answers 21451, and one without numbers 21452", async () => {
  await using fixture = await startFixture();
  await rejectsWith(21451, 400, fixture.master.availablePhoneNumbers("US").local.list({ areaCode: 41 }));
  await rejectsWith(21451, 400, fixture.master.incomingPhoneNumbers.create({ areaCode: "4155" }));
  await rejectsWith(21452, 400, fixture.master.incomingPhoneNumbers.create({ areaCode: "999" }));
});

Deno.test("A bought number has lower-case capabilities, leaves the search, and cannot be bought again", async () => {
  await using fixture = await startFixture();
  const olivia = await fixture.subaccount("olivia");
  const [offered] = await olivia.client.availablePhoneNumbers("US").local.list({ areaCode: 617, limit: 1 });
  assert.ok(offered);
  const bought = await olivia.client.incomingPhoneNumbers.create({
    phoneNumber: offered.phoneNumber,
    smsUrl: "https://example.com/inbound",
    smsMethod: "GET",
    statusCallback: "https://example.com/status",
  });
  assert.match(bought.sid, /^PN[0-9a-f]{32}$/);
  assert.equal(bought.smsUrl, "https://example.com/inbound");
  assert.equal(bought.smsMethod, "GET");
  assert.equal(bought.friendlyName, offered.friendlyName);
  assert.deepEqual({ ...bought.capabilities }, { voice: true, sms: true, mms: true, fax: false });
  const after = await fixture.master.availablePhoneNumbers("US").local.list({ areaCode: 617, limit: 50 });
  assert.ok(!after.some((number) => number.phoneNumber === offered.phoneNumber));
  await rejectsWith(21422, 400, fixture.master.incomingPhoneNumbers.create({ phoneNumber: offered.phoneNumber }));
});

Deno.test("Buying Twilio's magic numbers answers unavailable, invalid and success", async () => {
  await using fixture = await startFixture();
  const { incomingPhoneNumbers } = fixture.master;
  await rejectsWith(21422, 400, incomingPhoneNumbers.create({ phoneNumber: "+15005550000" }));
  await rejectsWith(21421, 400, incomingPhoneNumbers.create({ phoneNumber: "+15005550001" }));
  await rejectsWith(21421, 400, incomingPhoneNumbers.create({ phoneNumber: "12" }));
  await rejectsWith(21404, 400, incomingPhoneNumbers.create({ friendlyName: "no number" }));
  for (let time = 0; time < 2; time++) {
    assert.equal((await incomingPhoneNumbers.create({ phoneNumber: "+15005550006" })).phoneNumber, "+15005550006");
  }
});

const HOME = {
  customerName: "Ada",
  street: "1 Main St",
  city: "Sydney",
  region: "NSW",
  postalCode: "2000",
  isoCountry: "AU",
};

async function regulated(fixture: Fixture) {
  const [australian] = await fixture.master.availablePhoneNumbers("AU").mobile.list({ limit: 1 });
  const [german] = await fixture.master.availablePhoneNumbers("DE").mobile.list({ limit: 1 });
  assert.ok(australian && german);
  return { australian: australian.phoneNumber, german: german.phoneNumber };
}

const bundleFor = async (fixture: Fixture, accountSid: string, more: object = {}) =>
  (await fixture.sim<{ sid: string }>("POST", "bundles", { accountSid, isoCountry: "DE", ...more })).sid;

Deno.test("A number that needs an address is bought with one of the account, and otherwise answers 21631 or 21615", async () => {
  await using fixture = await startFixture();
  const [otto, pia] = [await fixture.subaccount("otto"), await fixture.subaccount("pia")];
  const { australian: phoneNumber } = await regulated(fixture);
  const { incomingPhoneNumbers, addresses } = otto.client;
  await rejectsWith(21631, 400, incomingPhoneNumbers.create({ phoneNumber }));
  await rejectsWith(21615, 400, incomingPhoneNumbers.create({ phoneNumber, addressSid: `AD${"1".repeat(32)}` }));
  const foreign = await pia.client.addresses.create(HOME);
  await rejectsWith(21615, 400, incomingPhoneNumbers.create({ phoneNumber, addressSid: foreign.sid }));
  const abroad = await addresses.create({ ...HOME, isoCountry: "NZ" });
  await fixture.sim("POST", "settings", { regulations: { AU: { address: "local" } } });
  await rejectsWith(21615, 400, incomingPhoneNumbers.create({ phoneNumber, addressSid: abroad.sid }));
  const home = await addresses.create({ ...HOME, emergencyEnabled: "True" as unknown as boolean });
  assert.deepEqual([home.customerName, home.isoCountry, home.emergencyEnabled], ["Ada", "AU", true]);
  const bought = await incomingPhoneNumbers.create({ phoneNumber, addressSid: home.sid });
  assert.deepEqual([bought.addressSid, bought.addressRequirements], [home.sid, "local"]);
  assert.deepEqual((await addresses.list({ isoCountry: "AU" })).map(({ sid }) => sid), [home.sid]);
  await rejectsWith(20404, 404, pia.client.addresses(home.sid).fetch());
});

Deno.test("A number that needs a bundle is bought with an approved one of its account and country, else 21649", async () => {
  await using fixture = await startFixture();
  const [otto, pia] = [await fixture.subaccount("otto"), await fixture.subaccount("pia")];
  const { german: phoneNumber } = await regulated(fixture);
  const { bundles } = otto.client.numbers.v2.regulatoryCompliance;
  const { sid } = await bundles.create({ friendlyName: "Otto", email: "otto@example.com", isoCountry: "DE" });
  await bundles(sid).update({ status: "pending-review" });
  await rejectsWith(22203, 400, bundles(sid).update({ status: "twilio-approved" }));
  const buy = (bundleSid?: string) =>
    otto.client.incomingPhoneNumbers.create({ phoneNumber, ...(bundleSid !== undefined && { bundleSid }) });
  await rejectsWith(21649, 400, buy());
  await rejectsWith(21649, 400, buy(`BU${"1".repeat(32)}`));
  await rejectsWith(21649, 400, buy(await bundleFor(fixture, pia.sid)));
  await rejectsWith(21649, 400, buy(await bundleFor(fixture, otto.sid, { isoCountry: "GB" })));
  await rejectsWith(21649, 400, buy(await bundleFor(fixture, otto.sid, { numberType: "local" })));
  await rejectsWith(21649, 400, buy(await bundleFor(fixture, otto.sid, { status: "twilio-rejected" })));
  assert.match((await rejectsWith(21649, 400, buy(sid))).message, /status is not twilio-approved/);
  await fixture.sim("POST", "bundles", { sid, status: "twilio-approved" });
  assert.equal((await bundles(sid).fetch()).status, "twilio-approved");
  assert.equal((await bundles.list({ status: "twilio-approved", isoCountry: "DE" })).at(-1)?.sid, sid);
  assert.equal((await buy(sid)).bundleSid, sid);
});

Deno.test("Numbers that need a bundle have a regulation for each kind of owner, and others have none", async () => {
  await using fixture = await startFixture();
  const { regulations } = fixture.master.numbers.v2.regulatoryCompliance;
  const german = await regulations.list({ isoCountry: "DE", numberType: "mobile" });
  assert.deepEqual(german.map(({ friendlyName }) => friendlyName), [
    "Germany: Mobile - Individual",
    "Germany: Mobile - Business",
  ]);
  assert.deepEqual([...new Set(german.map(({ isoCountry, numberType }) => `${isoCountry} ${numberType}`))], [
    "DE mobile",
  ]);
  assert.equal(new Set(german.map(({ sid }) => sid)).size, 2);
  assert.deepEqual(await regulations.list({ isoCountry: "US", numberType: "local" }), []);
  assert.equal((await regulations.list({ isoCountry: "DE", endUserType: "business" })).length, 2);
});

Deno.test("A regulation of one number type leaves the other types of its country free", async () => {
  await using fixture = await startFixture({ regulations: { GB: { address: "none", bundle: false } } });
  const { client } = await fixture.subaccount("otto");
  const [local, mobile] = [
    (await client.availablePhoneNumbers("GB").local.list({ limit: 1 }))[0]!.phoneNumber,
    (await client.availablePhoneNumbers("GB").mobile.list({ limit: 1 }))[0]!.phoneNumber,
  ];
  await fixture.sim("POST", "settings", {
    regulations: { GB: { address: "any" }, "GB local": {}, "GB mobile": { bundle: true } },
  });
  await rejectsWith(21649, 400, client.incomingPhoneNumbers.create({ phoneNumber: mobile }));
  assert.equal((await client.incomingPhoneNumbers.create({ phoneNumber: local })).addressRequirements, "none");
});

Deno.test("A regulated number moves only with an address or a bundle of its new account, and keeps none of the old", async () => {
  await using fixture = await startFixture();
  const [otto, pia] = [await fixture.subaccount("otto"), await fixture.subaccount("pia")];
  const { australian, german } = await regulated(fixture);
  const [ottos, pias] = [await otto.client.addresses.create(HOME), await pia.client.addresses.create(HOME)];
  const [ottoBundle, piaBundle] = [await bundleFor(fixture, otto.sid), await bundleFor(fixture, pia.sid)];
  const first = await otto.client.incomingPhoneNumbers.create({ phoneNumber: australian, addressSid: ottos.sid });
  const second = await otto.client.incomingPhoneNumbers.create({ phoneNumber: german, bundleSid: ottoBundle });
  const move = ({ sid }: { sid: string }, regulatory: object = {}) =>
    fixture.master.api.v2010.accounts(otto.sid).incomingPhoneNumbers(sid).update({
      accountSid: pia.sid,
      ...regulatory,
    });
  await rejectsWith(21613, 400, move(first));
  await rejectsWith(21615, 400, move(first, { addressSid: ottos.sid }));
  await rejectsWith(21649, 400, move(second));
  await rejectsWith(21649, 400, move(second, { bundleSid: ottoBundle }));
  assert.equal((await move(first, { addressSid: pias.sid })).addressSid, pias.sid);
  const moved = await move(second, { bundleSid: piaBundle });
  assert.deepEqual([moved.accountSid, moved.bundleSid, moved.addressSid], [pia.sid, piaBundle, null]);
  const number = pia.client.incomingPhoneNumbers(second.sid);
  await rejectsWith(21649, 400, number.update({ bundleSid: ottoBundle }));
  assert.equal((await number.update({ addressSid: pias.sid })).addressSid, pias.sid);
});

Deno.test("An account lists its numbers by number, partial number, name and type", async () => {
  await using fixture = await startFixture();
  const peggy = await fixture.subaccount("peggy");
  const boston = await peggy.client.incomingPhoneNumbers.create({ areaCode: "617", friendlyName: "Desk" });
  const free = await peggy.client.incomingPhoneNumbers.create({ areaCode: "888" });
  const { incomingPhoneNumbers } = peggy.client;
  const list = (filter: { phoneNumber?: string; friendlyName?: string } = {}) => incomingPhoneNumbers.list(filter);
  assert.deepEqual((await list()).map((number) => number.sid), [free.sid, boston.sid]);
  assert.deepEqual((await list({ phoneNumber: boston.phoneNumber })).map((number) => number.sid), [boston.sid]);
  assert.deepEqual(await list({ phoneNumber: boston.phoneNumber.slice(0, -1) }), []);
  assert.deepEqual((await list({ phoneNumber: "+1888*" })).map((number) => number.sid), [free.sid]);
  assert.deepEqual((await list({ friendlyName: "Desk" })).map((number) => number.sid), [boston.sid]);
  assert.deepEqual((await peggy.client.incomingPhoneNumbers.local.list()).map((number) => number.sid), [boston.sid]);
  assert.deepEqual((await peggy.client.incomingPhoneNumbers.tollFree.list()).map((number) => number.sid), [free.sid]);
});

Deno.test("Updating a number changes its settings, and fails for an invalid URL or method", async () => {
  await using fixture = await startFixture();
  const [held] = await fixture.master.incomingPhoneNumbers.list();
  assert.ok(held);
  const number = fixture.master.incomingPhoneNumbers(held.sid);
  const updated = await number.update({ smsUrl: "https://example.com/a?b=c", friendlyName: "Front desk" });
  assert.equal(updated.smsUrl, "https://example.com/a?b=c");
  assert.equal(updated.friendlyName, "Front desk");
  await rejectsWith(21402, 400, number.update({ smsUrl: "ftp://example.com" }));
  await rejectsWith(21403, 400, number.update({ smsMethod: "PATCH" }));
  assert.equal((await number.update({ smsUrl: "" })).smsUrl, "");
  assert.equal((await number.fetch()).friendlyName, "Front desk");
});

Deno.test("Only the parent can move a number to another account", async () => {
  await using fixture = await startFixture();
  const quinn = await fixture.subaccount("quinn");
  const rose = await fixture.subaccount("rose");
  const number = await quinn.client.incomingPhoneNumbers.create({ areaCode: "303" });
  await rejectsWith(21474, 400, quinn.client.incomingPhoneNumbers(number.sid).update({ accountSid: rose.sid }));
  const asParent = fixture.master.api.v2010.accounts(quinn.sid).incomingPhoneNumbers(number.sid);
  await rejectsWith(21471, 400, asParent.update({ accountSid: `AC${"9".repeat(32)}` }));
  assert.equal((await asParent.update({ accountSid: rose.sid })).accountSid, rose.sid);
  await rejectsWith(20404, 404, quinn.client.incomingPhoneNumbers(number.sid).fetch());
  assert.equal((await rose.client.incomingPhoneNumbers(number.sid).fetch()).phoneNumber, number.phoneNumber);
});

Deno.test("A released number answers 404 and can be bought again", async () => {
  await using fixture = await startFixture();
  const sam = await fixture.subaccount("sam");
  const number = await sam.client.incomingPhoneNumbers.create({ areaCode: "702" });
  assert.equal(await sam.client.incomingPhoneNumbers(number.sid).remove(), true);
  await rejectsWith(20404, 404, sam.client.incomingPhoneNumbers(number.sid).fetch());
  await rejectsWith(20404, 404, sam.client.incomingPhoneNumbers(number.sid).remove());
  await fixture.master.incomingPhoneNumbers.create({ phoneNumber: number.phoneNumber });
});

Deno.test("The numbers of a suspended account are read and not changed, also by its parent", async () => {
  await using fixture = await startFixture();
  const tess = await fixture.subaccount("tess");
  const { sid } = await tess.client.incomingPhoneNumbers.create({ areaCode: "702" });
  await fixture.master.api.v2010.accounts(tess.sid).update({ status: "suspended" });
  const numbers = fixture.master.api.v2010.accounts(tess.sid).incomingPhoneNumbers;
  assert.equal((await numbers.list()).length, 1);
  await assert.rejects(numbers(sid).remove());
  await assert.rejects(numbers(sid).update({ accountSid: fixture.accountSid }));
  assert.equal((await numbers.list()).length, 1);
});

Deno.test("The master starts with two SMS-capable numbers unless seedMasterNumbers is false", async () => {
  await using seeded = await startFixture();
  const numbers = await seeded.master.incomingPhoneNumbers.list();
  assert.equal(numbers.length, 2);
  assert.ok(numbers.every((number) => number.capabilities.sms));
  await using bare = await startFixture({ seedMasterNumbers: false });
  assert.deepEqual(await bare.master.incomingPhoneNumbers.list(), []);
});
