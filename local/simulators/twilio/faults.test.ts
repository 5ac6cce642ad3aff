import assert from "node:assert/strict";
import { requestPattern } from "./request-pattern.ts";
import { CallbackReceiver } from "../../../tests/support/twilio/callback-receiver.ts";
import { rejectsWith } from "../../../tests/support/twilio/rest-error.ts";
import { sdkFor } from "../../../tests/support/twilio/sdk-client.ts";
import { type Fixture, startFixture } from "../../../tests/support/twilio/simulator-fixture.ts";
import { eventually } from "../../driver/eventually.ts";

const MESSAGE = { from: "+15005550006", to: "+14155550123", body: "x" };

async function names(fixture: Fixture): Promise<string[]> {
  return (await fixture.master.api.v2010.accounts.list()).map((account) => account.friendlyName);
}

function createAccount(fixture: Fixture, friendlyName: string) {
  return fixture.master.api.v2010.accounts.create({ friendlyName });
}

Deno.test("drop_after_commit makes the account and cuts the connection, once", async () => {
  await using fixture = await startFixture();
  await fixture.sim("POST", "faults", { match: "POST /Accounts", times: 1, kind: "drop_after_commit" });
  const error = await createAccount(fixture, "orphan").then(() => undefined, (error) => error);
  assert.match(String(error?.code ?? error?.message), /ECONNRESET|hang up/);
  assert.equal(error.status, undefined, "the client sees no answer at all");
  assert.deepEqual(await names(fixture), ["orphan", "Switchboard (master)"]);
  await createAccount(fixture, "next");
});

Deno.test("drop_before cuts the connection and nothing has happened", async () => {
  await using fixture = await startFixture();
  await fixture.sim("POST", "faults", { match: "POST /Accounts", kind: "drop_before" });
  await assert.rejects(createAccount(fixture, "never"));
  assert.deepEqual(await names(fixture), ["Switchboard (master)"]);
});

Deno.test("status faults answer in Twilio's words, as often as asked for, and do nothing", async () => {
  await using fixture = await startFixture();
  await fixture.sim("POST", "faults", { match: "POST /Accounts", times: 2, kind: "status:503" });
  await fixture.sim("POST", "faults", { match: "POST /Accounts", kind: "500" });
  await fixture.sim("POST", "faults", { match: "POST /Accounts", kind: "429" });
  await rejectsWith(20503, 503, createAccount(fixture, "a"));
  await rejectsWith(20503, 503, createAccount(fixture, "a"));
  await rejectsWith(20500, 500, createAccount(fixture, "a"));
  await rejectsWith(20429, 429, createAccount(fixture, "a"));
  await createAccount(fixture, "b");
  assert.deepEqual(await names(fixture), ["b", "Switchboard (master)"]);
});

Deno.test("a 429 says when to come back", async () => {
  await using fixture = await startFixture();
  await fixture.sim("POST", "faults", { kind: "429" });
  await fixture.sim("POST", "faults", { kind: "429", retryAfter: 7 });
  for (const wait of ["1", "7"]) {
    const response = await fetch(`${fixture.url}/2010-04-01/Accounts.json`);
    assert.equal(response.status, 429);
    assert.equal(response.headers.get("retry-after"), wait);
    await response.body?.cancel();
  }
});

Deno.test("an HTML or empty body gives the SDK an error without a code", async () => {
  await using fixture = await startFixture();
  for (const body of ["html", "empty"]) {
    await fixture.sim("POST", "faults", { match: "POST /Accounts", kind: "status:502", body });
    const error = await createAccount(fixture, "x").then(() => undefined, (error) => error);
    assert.deepEqual([error.status, error.code], [502, undefined]);
  }
});

Deno.test("a committed status fault does the work and answers with the error all the same", async () => {
  await using fixture = await startFixture();
  await fixture.sim("POST", "faults", { match: "POST /Accounts", kind: "status:500", committed: true });
  await rejectsWith(20500, 500, createAccount(fixture, "made"));
  assert.deepEqual(await names(fixture), ["made", "Switchboard (master)"]);
});

Deno.test("a delayed answer comes after the work is done: a client that gave up has made an account", async () => {
  await using fixture = await startFixture();
  await fixture.sim("POST", "faults", { match: "POST /Accounts", kind: "delay:400" });
  const hasty = sdkFor(fixture, fixture.accountSid, fixture.authToken, { timeout: 100 });
  await assert.rejects(hasty.api.v2010.accounts.create({ friendlyName: "slow" }), /timeout|ECONNABORTED/);
  assert.deepEqual(await names(fixture), ["slow", "Switchboard (master)"]);
});

Deno.test("latency holds every API request back", async () => {
  await using fixture = await startFixture({ latencyMs: 80 });
  const startedAt = Date.now();
  await createAccount(fixture, "x");
  assert.ok(Date.now() - startedAt >= 80);
});

async function callbackStatuses(fixture: Fixture, receiver: CallbackReceiver, count: number): Promise<unknown[]> {
  await fixture.master.messages.create({ ...MESSAGE, statusCallback: `${receiver.url}/s` });
  const callbacks = await receiver.atLeast(count);
  return callbacks.map((callback) => callback.params["MessageStatus"]);
}

Deno.test("doubled callbacks come twice each", async () => {
  await using fixture = await startFixture();
  await using receiver = await CallbackReceiver.start();
  await fixture.sim("POST", "faults", { match: "POST /Messages", kind: "callbacks:doubled" });
  const seen = await callbackStatuses(fixture, receiver, 4);
  assert.deepEqual(seen.sort(), ["delivered", "delivered", "sent", "sent"]);
});

Deno.test("reordered callbacks come last one first", async () => {
  await using fixture = await startFixture();
  await using receiver = await CallbackReceiver.start();
  await fixture.sim("POST", "faults", { match: "POST /Messages", kind: "callbacks:reordered" });
  assert.deepEqual(await callbackStatuses(fixture, receiver, 2), ["delivered", "sent"]);
});

Deno.test("late callbacks come so much later", async () => {
  await using fixture = await startFixture();
  await using receiver = await CallbackReceiver.start();
  await fixture.sim("POST", "faults", { match: "POST /Messages", kind: "callbacks:late:300" });
  const startedAt = Date.now();
  await callbackStatuses(fixture, receiver, 1);
  assert.ok(Date.now() - startedAt >= 300);
});

Deno.test("dropped callbacks never come, and the next message's come again", async () => {
  await using fixture = await startFixture();
  await using receiver = await CallbackReceiver.start();
  await fixture.sim("POST", "faults", { match: "POST /Messages", kind: "callbacks:dropped" });
  const { sid } = await fixture.master.messages.create({ ...MESSAGE, statusCallback: `${receiver.url}/lost` });
  await eventually("delivery", async () => (await fixture.master.messages(sid).fetch()).status === "delivered");
  await callbackStatuses(fixture, receiver, 2);
  assert.ok(receiver.received.every((callback) => callback.url.endsWith("/s")));
});

Deno.test("an inbound webhook comes twice where that is asked for", async () => {
  await using fixture = await startFixture();
  await using receiver = await CallbackReceiver.start(() => ({ status: 200, body: "<Response/>" }));
  const [number] = await fixture.master.incomingPhoneNumbers.list();
  assert.ok(number);
  await fixture.master.incomingPhoneNumbers(number.sid).update({ smsUrl: `${receiver.url}/in` });
  await fixture.sim("POST", "faults", { match: "POST /_sim/inbound", kind: "callbacks:doubled" });
  await fixture.sim("POST", "inbound", { from: "+14155550123", to: number.phoneNumber, body: "hi" });
  assert.equal(new Set(receiver.received.map((callback) => callback.params["MessageSid"])).size, 1);
  assert.equal(receiver.received.length, 2);
});

Deno.test("faults are listed with what is left of them, and deleted", async () => {
  await using fixture = await startFixture();
  await fixture.sim("POST", "faults", { match: "POST /Accounts", times: 3, kind: "drop_before" });
  await assert.rejects(createAccount(fixture, "x"));
  const { faults } = await fixture.sim<{ faults: unknown[] }>("GET", "faults");
  assert.deepEqual(faults, [{ id: 1, match: "POST /Accounts", kind: "drop_before", remaining: 2, hits: 1 }]);
  await fixture.sim("DELETE", "faults");
  await createAccount(fixture, "x");
});

Deno.test("a fault that makes no sense is a 400 that quotes it", async () => {
  await using fixture = await startFixture();
  const refused = (fault: unknown, reason: RegExp) => assert.rejects(fixture.sim("POST", "faults", fault), reason);
  await refused({ kind: "explode" }, /400.*explode/s);
  await refused({ kind: "drop_before", when: "now" }, /400.*when/s);
  await refused({ kind: "drop_before", times: 0 }, /400.*times/s);
  await refused({ kind: "drop_before", body: "html" }, /400.*body/s);
  await refused({ kind: "status:200" }, /400.*status:200/s);
  await refused({}, /400.*kind/s);
});

Deno.test("match names a method and a path, segment by segment", () => {
  const [account, message] = ["/2010-04-01/Accounts/AC1.json", "/2010-04-01/Accounts/AC1/Messages.json"];
  const meets = (match: string, method: string, path: string) => requestPattern(match)(method, path);
  assert.ok(meets("POST /Accounts", "POST", "/2010-04-01/Accounts.json"));
  assert.ok(meets("POST /2010-04-01/Accounts.json", "POST", "/2010-04-01/Accounts.json"));
  assert.ok(!meets("POST /Accounts", "POST", account));
  assert.ok(!meets("POST /Accounts", "GET", "/2010-04-01/Accounts.json"));
  assert.ok(meets("POST /Accounts/*", "POST", account));
  assert.ok(!meets("POST /Accounts/*", "POST", message));
  assert.ok(meets("POST /Accounts/AC1/Messages", "POST", message));
  assert.ok(!meets("POST /Accounts/AC2/Messages", "POST", message));
  assert.ok(meets("post /Messages", "POST", message));
  assert.ok(meets("* /Accounts/**", "DELETE", message));
  assert.ok(meets("*", "GET", "/accounts.twilio.com/v1/AuthTokens/Promote"));
  assert.ok(meets("POST /accounts.twilio.com/v1/AuthTokens/*", "POST", "/accounts.twilio.com/v1/AuthTokens/Promote"));
  assert.ok(!meets("POST /Messages", "POST", "/2010-04-01/Accounts/AC1/Messages/SM1.json"));
});
