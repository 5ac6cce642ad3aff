import assert from "node:assert/strict";
import { join } from "node:path";
import { startTwilioSimulator } from "./mod.ts";
import { CallbackReceiver } from "../../../tests/support/twilio/callback-receiver.ts";
import { sdkFor } from "../../../tests/support/twilio/sdk-client.ts";
import { startFixture } from "../../../tests/support/twilio/simulator-fixture.ts";
import { eventually } from "../../driver/eventually.ts";

const MESSAGE = { from: "+15005550006", to: "+14155550123", body: "x" };

async function withTemporaryFile(run: (stateFile: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await run(join(directory, "twilio.json"));
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("Accounts, tokens, numbers, messages, addresses and bundles survive a restart with a state file", () =>
  withTemporaryFile(async (stateFile) => {
    const first = await startTwilioSimulator({ stateFile });
    const master = sdkFor(first, first.accountSid, first.authToken);
    const account = await master.api.v2010.accounts.create({ friendlyName: "kept" });
    const kept = sdkFor(first, account.sid, account.authToken);
    const number = await kept.incomingPhoneNumbers.create({ areaCode: "415", smsUrl: "https://example.com/in" });
    const message = await kept.messages.create(MESSAGE);
    const address = await kept.addresses.create({
      ...{ customerName: "Ada", street: "1 Main St", city: "Sydney", region: "NSW", postalCode: "2000" },
      isoCountry: "AU",
    });
    const { bundles } = kept.numbers.v2.regulatoryCompliance;
    const bundle = await bundles.create({ friendlyName: "Ada", email: "ada@example.com" });
    await first.stop();

    const second = await startTwilioSimulator({ stateFile });
    try {
      assert.equal(second.accountSid, first.accountSid);
      assert.equal(second.authToken, first.authToken);
      const again = sdkFor(second, account.sid, account.authToken);
      assert.equal((await again.incomingPhoneNumbers(number.sid).fetch()).smsUrl, "https://example.com/in");
      assert.equal((await again.messages(message.sid).fetch()).body, "x");
      assert.equal((await again.addresses(address.sid).fetch()).city, "Sydney");
      assert.equal((await again.numbers.v2.regulatoryCompliance.bundles(bundle.sid).fetch()).status, "draft");
      const { phoneNumber } = await again.incomingPhoneNumbers.create({ areaCode: "415" });
      assert.notEqual(phoneNumber, number.phoneNumber);
    } finally {
      await second.stop();
    }
  }));

Deno.test("A message that is queued when the simulator stops is delivered with callbacks after the restart", () =>
  withTemporaryFile(async (stateFile) => {
    await using receiver = await CallbackReceiver.start();
    const slow = { sentMs: 60_000, deliveredMs: 60_000, priceMs: 60_000 };
    const first = await startTwilioSimulator({ stateFile, lifecycle: slow });
    const master = sdkFor(first, first.accountSid, first.authToken);
    const { sid } = await master.messages.create({ ...MESSAGE, statusCallback: `${receiver.url}/s` });
    await first.stop();
    const second = await startTwilioSimulator({ stateFile });
    try {
      await receiver.atLeast(2);
      const again = sdkFor(second, second.accountSid, second.authToken);
      assert.equal((await again.messages(sid).fetch()).status, "delivered");
    } finally {
      await second.stop();
    }
  }));

Deno.test("Changes are written to the state file at run time, and only its owner can read it", () =>
  withTemporaryFile(async (stateFile) => {
    await using fixture = await startFixture({ stateFile });
    await fixture.subaccount("written");
    await eventually("the change in the file", async () => (await Deno.readTextFile(stateFile)).includes("written"));
    assert.equal(((await Deno.stat(stateFile)).mode ?? 0) & 0o077, 0);
    const neighbours = [...Deno.readDirSync(join(stateFile, ".."))].map((entry) => entry.name);
    assert.deepEqual(neighbours, ["twilio.json"], "no temporary file is left");
  }));

Deno.test("The simulator does not start with an invalid state file or one of another master account", () =>
  withTemporaryFile(async (stateFile) => {
    await Deno.writeTextFile(stateFile, '{"version":9}');
    await assert.rejects(startTwilioSimulator({ stateFile }), /is not a version 1 state file/);
    await Deno.remove(stateFile);
    await (await startTwilioSimulator({ stateFile })).stop();
    const accountSid = `AC${"7".repeat(32)}`;
    await assert.rejects(startTwilioSimulator({ stateFile, accountSid }), /belongs to "AC/);
  }));

Deno.test("Two simulators in one process share no state", async () => {
  await using one = await startFixture();
  await using other = await startFixture();
  assert.notEqual(one.accountSid, other.accountSid);
  await one.subaccount("mine");
  assert.equal((await other.master.api.v2010.accounts.list()).length, 1);
  const foreign = sdkFor(other, one.accountSid, one.authToken);
  await assert.rejects(foreign.messages.list(), { code: 20003 });
});

Deno.test("The master account has the credentials in the options", async () => {
  const accountSid = `AC${"1".repeat(32)}`;
  await using fixture = await startFixture({ accountSid, authToken: "a-token" });
  assert.equal((await fixture.master.api.v2010.accounts(accountSid).fetch()).authToken, "a-token");
});

Deno.test("POST /_sim/reset restores the initial state and keeps the master's credentials", async () => {
  await using fixture = await startFixture();
  await fixture.subaccount("forgotten");
  await fixture.master.messages.create(MESSAGE);
  await fixture.sim("POST", "faults", { match: "GET /Messages", kind: "500" });
  await fixture.sim("POST", "settings", { latencyMs: 5 });
  await fixture.sim("POST", "reset");
  assert.deepEqual(await fixture.master.messages.list(), []);
  assert.equal((await fixture.master.api.v2010.accounts.list()).length, 1);
  assert.equal((await fixture.master.incomingPhoneNumbers.list()).length, 2);
  assert.equal((await fixture.sim<{ latencyMs: number }>("GET", "settings")).latencyMs, 0);
});

Deno.test("GET /_sim/requests returns requests with their form, account and response status", async () => {
  await using fixture = await startFixture();
  const { last } = await fixture.sim<{ last: number }>("GET", "requests");
  await fixture.master.messages.create({
    ...MESSAGE,
    mediaUrl: ["https://example.com/1.png", "https://example.com/2.png"],
  });
  await assert.rejects(fixture.as(fixture.accountSid, "wrong").messages.list({ to: "+14155550123" }));
  await fixture.sim("POST", "faults", { kind: "drop_before" });
  await assert.rejects(fixture.master.messages.list());
  const { requests } = await fixture.sim<{ requests: Record<string, unknown>[] }>("GET", `requests?since=${last}`);
  const path = `/2010-04-01/Accounts/${fixture.accountSid}/Messages.json`;
  const [sent, refused, dropped] = requests.map(({ id: _, at: __, ...rest }) => rest);
  assert.deepEqual(sent, {
    method: "POST",
    path,
    query: {},
    form: {
      To: MESSAGE.to,
      From: MESSAGE.from,
      Body: "x",
      MediaUrl: ["https://example.com/1.png", "https://example.com/2.png"],
    },
    account: fixture.accountSid,
    status: 201,
    dropped: false,
  });
  assert.deepEqual([refused?.["account"], refused?.["status"], refused?.["query"]], [null, 401, {
    To: "+14155550123",
  }]);
  assert.deepEqual([dropped?.["status"], dropped?.["dropped"]], [null, true]);
});

Deno.test("POST /_sim/settings changes settings at run time and answers 400 to invalid ones", async () => {
  await using fixture = await startFixture();
  const carl = await fixture.subaccount("carl");
  await fixture.master.api.v2010.accounts(carl.sid).update({ status: "suspended" });
  await assert.rejects(carl.client.messages.list(), { code: 20005 });
  await fixture.sim("POST", "settings", { inactiveAccountCode: 10001 });
  await assert.rejects(carl.client.messages.list(), { code: 10001 });
  await assert.rejects(fixture.sim("POST", "settings", { inactiveAccountCode: 1 }), /400/);
  await assert.rejects(fixture.sim("POST", "settings", { volume: 11 }), /400.*volume/s);
});

Deno.test("The log, the /_sim responses and the page contain no token", async () => {
  const lines: string[] = [];
  await using fixture = await startFixture({ log: (line) => lines.push(line) });
  await using receiver = await CallbackReceiver.start();
  const dora = await fixture.subaccount("dora");
  const { secondaryAuthToken } = await dora.client.accounts.v1.secondaryAuthToken().create();
  await dora.client.messages.create({ ...MESSAGE, statusCallback: `${receiver.url}/s` });
  await receiver.atLeast(2);
  const shown = [lines.join("\n")];
  for (const path of ["state", "requests", "callbacks", "phones", "settings", "faults", "outcomes"]) {
    shown.push(JSON.stringify(await fixture.sim("GET", path)));
  }
  shown.push(await (await fetch(fixture.url)).text());
  const secrets = [
    fixture.authToken,
    dora.authToken,
    secondaryAuthToken,
    receiver.received[0]?.headers["x-twilio-signature"],
  ];
  for (const secret of secrets) assert.ok(secret && !shown.some((text) => text.includes(secret)));
  assert.ok(lines.some((line) => line.startsWith("POST /2010-04-01/Accounts.json → 201")));
});

Deno.test("GET /_sim/state returns accounts with their status, numbers and message counts", async () => {
  await using fixture = await startFixture();
  const eve = await fixture.subaccount("eve");
  const number = await eve.client.incomingPhoneNumbers.create({ areaCode: "415" });
  await eve.client.messages.create(MESSAGE);
  await fixture.sim("POST", "inbound", { from: "+14155550123", to: number.phoneNumber, body: "hi" });
  const { accounts } = await fixture.sim<{ accounts: Record<string, unknown>[] }>("GET", "state");
  const summary = accounts.find((account) => account["sid"] === eve.sid);
  assert.equal(summary?.["friendlyName"], "eve");
  assert.equal(summary?.["status"], "active");
  assert.deepEqual(summary?.["messages"], { inbound: 1, outbound: 1, total: 2 });
  assert.deepEqual((summary?.["numbers"] as { phoneNumber: string }[]).map((one) => one.phoneNumber), [
    number.phoneNumber,
  ]);
});

Deno.test("A reader of the event stream that leaves while an event is due is sent nothing, and the simulator goes on", async () => {
  await using fixture = await startFixture();
  const reader = (await fetch(`${fixture.url}/_sim/events`)).body!.getReader();
  await reader.read(); // the revision at the start
  await fixture.subaccount("changes the revision"); // its event is due 100 ms later
  await reader.cancel();
  await new Promise((resolve) => setTimeout(resolve, 250));
  assert.equal((await fixture.subaccount("after")).sid.length, 34);
});
