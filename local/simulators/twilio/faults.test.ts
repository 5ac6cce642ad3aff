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

Deno.test("drop_after_commit creates the account, then closes the connection, once", async () => {
  await using fixture = await startFixture();
  await fixture.sim("POST", "faults", { match: "POST /Accounts", times: 1, kind: "drop_after_commit" });
  const error = await createAccount(fixture, "orphan").then(() => undefined, (error) => error);
  assert.match(String(error?.code ?? error?.message), /ECONNRESET|hang up/);
  assert.equal(error.status, undefined, "the client receives no response");
  assert.deepEqual(await names(fixture), ["orphan", "Switchboard (master)"]);
  await createAccount(fixture, "next");
});

Deno.test("drop_before closes the connection and creates no account", async () => {
  await using fixture = await startFixture();
  await fixture.sim("POST", "faults", { match: "POST /Accounts", kind: "drop_before" });
  await assert.rejects(createAccount(fixture, "never"));
  assert.deepEqual(await names(fixture), ["Switchboard (master)"]);
});

Deno.test("A status fault answers with Twilio's error as often as requested, and creates no account", async () => {
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

Deno.test("An error fault answers with any Twilio code and its status, and the request has no effect", async () => {
  await using fixture = await startFixture();
  const codes: [code: number, status: number][] = [
    ...[21611, 21660, 21659, 21661, 21635, 21610, 30001, 63038].map((code): [number, number] => [code, 400]),
    ...[[20429, 429], [20003, 401], [20503, 503]] as [number, number][],
  ];
  for (const [code, status] of codes) {
    await fixture.sim("POST", "faults", { match: "POST /Messages", kind: `error:${code}` });
    await rejectsWith(code, status, fixture.master.messages.create(MESSAGE));
  }
  await fixture.sim("POST", "faults", { match: "POST /Messages", kind: "error:21611", status: 429, message: "Full" });
  const error = await rejectsWith(21611, 429, fixture.master.messages.create(MESSAGE));
  assert.match(error.message, /Full/);
  assert.deepEqual(await fixture.master.messages.list(), []);
});

Deno.test("A 429 or error:20429 fault with retryAfter null has no Retry-After header", async () => {
  await using fixture = await startFixture();
  const faults = [{ kind: "429" }, { kind: "error:20429" }, { kind: "error:21611", status: 429 }, {
    kind: "error:21611",
  }];
  const headerOf = async (fault: object) => {
    await fixture.sim("POST", "faults", fault);
    const response = await fetch(`${fixture.url}/2010-04-01/Accounts.json`);
    await response.body?.cancel();
    return response.headers.get("retry-after");
  };
  for (const fault of faults) assert.equal(await headerOf({ ...fault, retryAfter: null }), null);
  assert.equal(await headerOf(faults[1]!), "1");
  assert.equal(await headerOf(faults[3]!), null);
  assert.equal(await headerOf({ ...faults[3]!, retryAfter: 5 }), "5");
});

Deno.test("A 429 fault has a Retry-After header, 1 by default", async () => {
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

Deno.test("A status fault with an HTML or empty body gives the SDK an error without a code", async () => {
  await using fixture = await startFixture();
  for (const body of ["html", "empty"]) {
    await fixture.sim("POST", "faults", { match: "POST /Accounts", kind: "status:502", body });
    const error = await createAccount(fixture, "x").then(() => undefined, (error) => error);
    assert.deepEqual([error.status, error.code], [502, undefined]);
  }
});

Deno.test("A committed status fault creates the account and still answers with the error", async () => {
  await using fixture = await startFixture();
  await fixture.sim("POST", "faults", { match: "POST /Accounts", kind: "status:500", committed: true });
  await rejectsWith(20500, 500, createAccount(fixture, "made"));
  assert.deepEqual(await names(fixture), ["made", "Switchboard (master)"]);
});

Deno.test("A delay fault creates the account before the response, even if the client times out", async () => {
  await using fixture = await startFixture();
  await fixture.sim("POST", "faults", { match: "POST /Accounts", kind: "delay:400" });
  const hasty = sdkFor(fixture, fixture.accountSid, fixture.authToken, { timeout: 100 });
  await assert.rejects(hasty.api.v2010.accounts.create({ friendlyName: "slow" }), /timeout|ECONNABORTED/);
  assert.deepEqual(await names(fixture), ["slow", "Switchboard (master)"]);
});

Deno.test("latencyMs delays every API request", async () => {
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

Deno.test("callbacks:doubled sends each status callback twice", async () => {
  await using fixture = await startFixture();
  await using receiver = await CallbackReceiver.start();
  await fixture.sim("POST", "faults", { match: "POST /Messages", kind: "callbacks:doubled" });
  const seen = await callbackStatuses(fixture, receiver, 4);
  assert.deepEqual(seen.sort(), ["delivered", "delivered", "sent", "sent"]);
});

Deno.test("callbacks:reordered sends the status callbacks in reverse order", async () => {
  await using fixture = await startFixture();
  await using receiver = await CallbackReceiver.start();
  await fixture.sim("POST", "faults", { match: "POST /Messages", kind: "callbacks:reordered" });
  assert.deepEqual(await callbackStatuses(fixture, receiver, 2), ["delivered", "sent"]);
});

Deno.test("callbacks:late delays each status callback", async () => {
  await using fixture = await startFixture();
  await using receiver = await CallbackReceiver.start();
  await fixture.sim("POST", "faults", { match: "POST /Messages", kind: "callbacks:late:300" });
  const startedAt = Date.now();
  await callbackStatuses(fixture, receiver, 1);
  assert.ok(Date.now() - startedAt >= 300);
});

Deno.test("callbacks:dropped sends no status callbacks for one message, and does not affect the next", async () => {
  await using fixture = await startFixture();
  await using receiver = await CallbackReceiver.start();
  await fixture.sim("POST", "faults", { match: "POST /Messages", kind: "callbacks:dropped" });
  const { sid } = await fixture.master.messages.create({ ...MESSAGE, statusCallback: `${receiver.url}/lost` });
  await eventually("delivery", async () => (await fixture.master.messages(sid).fetch()).status === "delivered");
  await callbackStatuses(fixture, receiver, 2);
  assert.ok(receiver.received.every((callback) => callback.url.endsWith("/s")));
});

Deno.test("callbacks:doubled sends an inbound webhook twice with the same MessageSid", async () => {
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

Deno.test("GET /_sim/faults lists faults with their remaining uses, and DELETE removes them", async () => {
  await using fixture = await startFixture();
  await fixture.sim("POST", "faults", { match: "POST /Accounts", times: 3, kind: "drop_before" });
  await assert.rejects(createAccount(fixture, "x"));
  const { faults } = await fixture.sim<{ faults: unknown[] }>("GET", "faults");
  assert.deepEqual(faults, [{ id: 1, match: "POST /Accounts", kind: "drop_before", remaining: 2, hits: 1 }]);
  await fixture.sim("DELETE", "faults");
  await createAccount(fixture, "x");
});

Deno.test("POST /_sim/faults answers 400 to an invalid fault and names the problem", async () => {
  await using fixture = await startFixture();
  const rejected = (fault: unknown, reason: RegExp) => assert.rejects(fixture.sim("POST", "faults", fault), reason);
  await rejected({ kind: "explode" }, /400.*explode/s);
  await rejected({ kind: "drop_before", when: "now" }, /400.*when/s);
  await rejected({ kind: "drop_before", times: 0 }, /400.*times/s);
  await rejected({ kind: "drop_before", body: "html" }, /400.*body/s);
  await rejected({ kind: "error:7" }, /400.*error:7/s);
  await rejected({ kind: "500", status: 400 }, /400.*status/s);
  await rejected({ kind: "delay:5", message: "x" }, /400.*message/s);
  await rejected({ kind: "status:200" }, /400.*status:200/s);
  await rejected({}, /400.*kind/s);
});

Deno.test("A fault's match compares the method and each path segment", () => {
  const [account, message] = ["/2010-04-01/Accounts/AC1.json", "/2010-04-01/Accounts/AC1/Messages.json"];
  const matches = (match: string, method: string, path: string) => requestPattern(match)(method, path);
  assert.ok(matches("POST /Accounts", "POST", "/2010-04-01/Accounts.json"));
  assert.ok(matches("POST /2010-04-01/Accounts.json", "POST", "/2010-04-01/Accounts.json"));
  assert.ok(!matches("POST /Accounts", "POST", account));
  assert.ok(!matches("POST /Accounts", "GET", "/2010-04-01/Accounts.json"));
  assert.ok(matches("POST /Accounts/*", "POST", account));
  assert.ok(!matches("POST /Accounts/*", "POST", message));
  assert.ok(matches("POST /Accounts/AC1/Messages", "POST", message));
  assert.ok(!matches("POST /Accounts/AC2/Messages", "POST", message));
  assert.ok(matches("post /Messages", "POST", message));
  assert.ok(matches("* /Accounts/**", "DELETE", message));
  assert.ok(matches("*", "GET", "/accounts.twilio.com/v1/AuthTokens/Promote"));
  assert.ok(matches("POST /accounts.twilio.com/v1/AuthTokens/*", "POST", "/accounts.twilio.com/v1/AuthTokens/Promote"));
  assert.ok(!matches("POST /Messages", "POST", "/2010-04-01/Accounts/AC1/Messages/SM1.json"));
});
