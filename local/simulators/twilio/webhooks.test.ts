import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import fc from "fast-check";
import twilio from "twilio";
import { CallbackReceiver, type ReceivedCallback } from "../../../tests/support/twilio/callback-receiver.ts";
import { type Fixture, startFixture } from "../../../tests/support/twilio/simulator-fixture.ts";
import { eventually } from "../../driver/eventually.ts";
import { splitConnectionOverrides } from "./webhooks/connection-overrides.ts";
import { twilioSignature } from "./webhooks/signature.ts";

const HANDSET = "+14155550123";
const SENDER = "+15005550006";

function isSigned(callback: ReceivedCallback, token: string): boolean {
  const signature = callback.headers["x-twilio-signature"] ?? "";
  return twilio.validateRequest(token, signature, callback.url, callback.params);
}

async function send(fixture: Fixture, statusCallback: string, to = HANDSET) {
  return await fixture.master.messages.create({ from: SENDER, to, body: "x", statusCallback });
}

Deno.test("twilioSignature returns the documented signature for Twilio's example", () => {
  const form = { CallSid: "CA1234567890ABCDE", Caller: "+14158675310", Digits: "1234", From: "+14158675310" };
  const signature = twilioSignature("12345", "https://example.com/myapp.php?foo=1&bar=2", {
    ...form,
    To: "+18005551212",
  });
  assert.equal(signature, "L/OH5YylLD5NRKLltdqwSvS0BnU=");
});

Deno.test("Property: twilioSignature equals the SDK's signature for any form, including repeated keys", () => {
  const values = fc.oneof(fc.string(), fc.array(fc.string(), { minLength: 1, maxLength: 4 }));
  const forms = fc.dictionary(fc.string({ minLength: 1 }), values, { noNullPrototype: true });
  fc.assert(fc.property(fc.string(), fc.webUrl({ withQueryParameters: true }), forms, (token, url, form) => {
    const expected = twilio.getExpectedTwilioSignature(token, url, form);
    assert.equal(twilioSignature(token, url, form), expected);
  }));
});

Deno.test("Status callbacks report sent and delivered, but not queued, signed with the primary token", async () => {
  await using fixture = await startFixture();
  await using receiver = await CallbackReceiver.start();
  const amy = await fixture.subaccount("amy");
  const { secondaryAuthToken } = await amy.client.accounts.v1.secondaryAuthToken().create();
  const statusCallback = `${receiver.url}/status/amy?plan=a%20b`;
  const { sid } = await amy.client.messages.create({ from: SENDER, to: HANDSET, body: "x", statusCallback });
  const [sent, delivered] = await receiver.atLeast(2);
  assert.ok(sent && delivered);
  assert.deepEqual([sent.params["MessageStatus"], delivered.params["MessageStatus"]], ["sent", "delivered"]);
  for (const callback of [sent, delivered]) {
    assert.ok(isSigned(callback, amy.authToken));
    assert.ok(!isSigned(callback, secondaryAuthToken));
    assert.equal(callback.method, "POST");
    assert.equal(callback.headers["content-type"], "application/x-www-form-urlencoded; charset=UTF-8");
    assert.ok(callback.headers["i-twilio-idempotency-token"]);
    assert.equal(callback.url, statusCallback);
    assert.equal(callback.params["SmsStatus"], callback.params["MessageStatus"]);
  }
  const { RawDlrDoneDate, ...rest } = delivered.params;
  assert.match(RawDlrDoneDate ?? "", /^\d{10}$/);
  assert.deepEqual(rest, {
    AccountSid: amy.sid,
    ApiVersion: "2010-04-01",
    From: SENDER,
    MessageSid: sid,
    MessageStatus: "delivered",
    SmsSid: sid,
    SmsStatus: "delivered",
    To: HANDSET,
  });
});

Deno.test("Webhooks are signed with the new primary token after a promotion", async () => {
  await using fixture = await startFixture();
  await using receiver = await CallbackReceiver.start();
  const ben = await fixture.subaccount("ben");
  const { secondaryAuthToken } = await ben.client.accounts.v1.secondaryAuthToken().create();
  await ben.client.accounts.v1.authTokenPromotion().update();
  const renewed = fixture.as(ben.sid, secondaryAuthToken);
  await renewed.messages.create({ from: SENDER, to: HANDSET, body: "x", statusCallback: receiver.url });
  const [callback] = await receiver.atLeast(1);
  assert.ok(callback && isSigned({ ...callback, url: receiver.url }, secondaryAuthToken));
  assert.ok(!isSigned({ ...callback, url: receiver.url }, ben.authToken));
});

Deno.test("The status callback of a failed delivery contains the error code", async () => {
  await using fixture = await startFixture();
  await using receiver = await CallbackReceiver.start();
  await send(fixture, `${receiver.url}/s`, "+15005530007");
  const [, undelivered] = await receiver.atLeast(2);
  assert.equal(undelivered?.params["MessageStatus"], "undelivered");
  assert.equal(undelivered?.params["ErrorCode"], "30007");
});

Deno.test("A webhook whose connection closes without a response is not retried by default", async () => {
  await using fixture = await startFixture();
  await using receiver = await CallbackReceiver.start(() => "hang-up");
  await send(fixture, `${receiver.url}/s`);
  await eventually("both failures", async () => {
    const { callbacks } = await fixture.sim<{ callbacks: { error: string | null }[] }>("GET", "callbacks");
    return callbacks.filter((callback) => callback.error).length === 2;
  });
  assert.equal(receiver.received.length, 2, "sent and delivered, once each");
});

Deno.test("A webhook that cannot connect is retried once by default, and never with rc=0", async () => {
  await using fixture = await startFixture();
  const attempts = async (statusCallback: string) => {
    const { last } = await fixture.sim<{ last: number }>("GET", "callbacks");
    await send(fixture, statusCallback, "+15005530001");
    const made = () =>
      fixture.sim<{ callbacks: { attempt: number; error: string }[] }>("GET", `callbacks?since=${last}`);
    await eventually("an attempt", async () => (await made()).callbacks.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 150));
    return (await made()).callbacks.map((callback) => callback.attempt);
  };
  assert.deepEqual(await attempts("http://127.0.0.1:1/s"), [1, 2]);
  assert.deepEqual(await attempts("http://127.0.0.1:1/s#rc=0"), [1]);
});

Deno.test("A webhook that gets a 5xx is retried only with rp=5xx, with the same idempotency token", async () => {
  await using fixture = await startFixture();
  await using receiver = await CallbackReceiver.start(() => ({ status: 503 }));
  await send(fixture, `${receiver.url}/plain`, "+15005530001");
  await send(fixture, `${receiver.url}/retried#rc=3&rp=5xx`, "+15005530001");
  await receiver.atLeast(5);
  await new Promise((resolve) => setTimeout(resolve, 150));
  const plain = receiver.received.filter((callback) => callback.url.includes("/plain"));
  const retried = receiver.received.filter((callback) => callback.url.includes("/retried"));
  assert.deepEqual([plain.length, retried.length], [1, 4]);
  assert.equal(new Set(retried.map((callback) => callback.headers["i-twilio-idempotency-token"])).size, 1);
  assert.equal(retried[0]?.url, `${receiver.url}/retried`, "the fragment is not sent");
  assert.ok(retried.every((callback) => isSigned(callback, fixture.authToken)), "nor signed");
});

Deno.test("A webhook without a response is aborted after the read timeout in the URL", async () => {
  await using fixture = await startFixture();
  await using receiver = await CallbackReceiver.start();
  receiver.server.removeAllListeners("request");
  await send(fixture, `${receiver.url}/slow#rt=100&rc=0`, "+15005530001");
  const { callbacks } = await untilCallback(fixture);
  assert.equal(callbacks[0]?.error, "no response within 100 ms");
  assert.ok((callbacks[0]?.durationMs ?? 0) < 1000);
});

Deno.test("All attempts of a webhook together take no longer than the total timeout in the URL", async () => {
  await using fixture = await startFixture();
  await using receiver = await CallbackReceiver.start();
  receiver.server.removeAllListeners("request");
  await send(fixture, `${receiver.url}/slow#tt=150`, "+15005530001");
  assert.equal((await untilCallback(fixture)).callbacks[0]?.error, "no response within 150 ms in total");
  const startedAt = Date.now();
  await send(fixture, `${receiver.url}/retried#rt=200&tt=500&rc=5&rp=all`, "+15005530001");
  await new Promise((resolve) => setTimeout(resolve, 900));
  const { callbacks } = await untilCallback(fixture);
  const retried = callbacks.filter(({ url }) => url.endsWith("/retried"));
  const last = retried.at(-1);
  assert.ok(retried.length <= 3, "six attempts of 200 ms would take longer");
  assert.ok(last && Date.parse(last.at) + last.durationMs - startedAt < 850);
});

Deno.test("The read timeout of a webhook restarts with each packet of the response", async () => {
  await using fixture = await startFixture();
  await using receiver = await CallbackReceiver.start();
  receiver.server.removeAllListeners("request").on("request", async (_, response: ServerResponse) => {
    for (let packet = 0; packet < 4; packet++) {
      response.write("x");
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    response.end();
  });
  await send(fixture, `${receiver.url}/slow#rt=200&rc=0`, "+15005530001");
  const { callbacks } = await untilCallback(fixture);
  assert.deepEqual(callbacks.map(({ error }) => error), [null]);
});

Deno.test("Property: the overrides in a URL are used within Twilio's limits, and replaced by its defaults outside", () => {
  const limits = { ct: [100, 10_000, 5_000], rt: [100, 15_000, 15_000], tt: [100, 15_000, 15_000], rc: [0, 5, 1] };
  const value = fc.oneof(
    fc.integer({ min: -10, max: 20_000 }),
    fc.constantFrom(0, 5, 6, 99, 100, 10_000, 10_001, 15_001),
  );
  fc.assert(fc.property(value, value, value, value, (ct, rt, tt, rc) => {
    const { settings } = splitConnectionOverrides(`https://example.com/#ct=${ct}&rt=${rt}&tt=${tt}&rc=${rc}`);
    const wanted = (name: keyof typeof limits, value: number) => {
      const [least, most, fallback] = limits[name] as [number, number, number];
      return value >= least && value <= most ? value : fallback;
    };
    assert.deepEqual(
      [settings.connectTimeoutMs, settings.readTimeoutMs, settings.totalTimeoutMs, settings.retryCount],
      [wanted("ct", ct), wanted("rt", rt), wanted("tt", tt), wanted("rc", rc)],
    );
  }));
});

Deno.test("The simulator stops within two seconds while a webhook is waiting for a response", async () => {
  await using receiver = await CallbackReceiver.start();
  let hasArrived = false;
  receiver.server.removeAllListeners("request").on("request", () => hasArrived = true);
  const fixture = await startFixture();
  await send(fixture, `${receiver.url}/hangs`);
  await eventually("the webhook to arrive", () => hasArrived);
  const startedAt = Date.now();
  await fixture[Symbol.asyncDispose]();
  assert.ok(Date.now() - startedAt < 2_000);
});

Deno.test("Connection overrides out of range are replaced by Twilio's defaults", () => {
  const { url, settings } = splitConnectionOverrides("https://example.com/a?b=1#rc=9&ct=1&rp=nonsense&tt=2000");
  assert.equal(url, "https://example.com/a?b=1");
  assert.deepEqual(settings, {
    connectTimeoutMs: 5_000,
    readTimeoutMs: 15_000,
    totalTimeoutMs: 2_000,
    retryCount: 1,
    retryPolicy: new Set(["ct"]),
  });
  const all = splitConnectionOverrides("https://example.com#rp=all&rc=5").settings;
  assert.deepEqual([...all.retryPolicy].sort(), ["4xx", "5xx", "ct", "rt"]);
});

Deno.test("Credentials in a callback URL are sent as basic authentication and not recorded", async () => {
  await using fixture = await startFixture();
  await using receiver = await CallbackReceiver.start();
  await send(fixture, `${receiver.url.replace("http://", "http://user:hunter2@")}/s`, "+15005530001");
  const [callback] = await receiver.atLeast(1);
  assert.equal(callback?.headers["authorization"], `Basic ${btoa("user:hunter2")}`);
  const { callbacks } = await untilCallback(fixture);
  assert.equal(callbacks[0]?.url, `${receiver.url}/s`);
});

interface LoggedCallback {
  at: string;
  url: string;
  error: string | null;
  durationMs: number;
}

async function untilCallback(fixture: Fixture): Promise<{ callbacks: LoggedCallback[] }> {
  const read = () => fixture.sim<{ callbacks: LoggedCallback[] }>("GET", "callbacks");
  await eventually("a callback in the log", async () => (await read()).callbacks.length > 0);
  return await read();
}
