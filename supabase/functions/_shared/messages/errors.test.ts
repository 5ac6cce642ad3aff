import assert from "node:assert/strict";
import fc from "fast-check";
import { failureOf, TwilioThrottled } from "../twilio/errors.ts";
import { isSorted, MESSAGE_CODES, messageCode, reasonOf } from "../twilio/message-codes.ts";
import { errorOfMessage, errorOfRetry, sendFailureOf } from "./errors.ts";

const sortOf = (status: number, code: number) =>
  sendFailureOf(failureOf(Object.assign(new Error("No"), { status, code }))!).sort;

/** Twilio's codes for a request that creates a message, all of them with HTTP 400. */
const SORTS = {
  retry: [21611, 30001, 30022, 30036],
  refuse: [21602, 21617, 21619, 21620, 21623, 30007],
  account: [
    20003,
    20005,
    20403,
    10001,
    90010,
    21212,
    21606,
    21659,
    21660,
    21661,
    21621,
    30002,
    30034,
    30032,
    30033,
    63038,
  ],
  recipient: [21211, 21265, 21266, 21408, 21608, 21610, 21612, 21614, 21635, 30003, 30004, 30005, 30006, 30008, 30450],
} as const;

for (const [sort, codes] of Object.entries(SORTS)) {
  Deno.test(`a send that Twilio rejects with ${codes.join(", ")} is sorted as ${sort}`, () => {
    for (const code of codes) assert.equal(sortOf(400, code), sort, String(code));
  });
}

Deno.test("a code that is not listed is sorted as account, and is not sent again", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 99_999 }).filter((code) => !isSorted(code)), (code) => {
    const failure = sendFailureOf(failureOf(Object.assign(new Error("No"), { status: 400, code }))!);
    assert.ok(failure.sort === "account" && !failure.isKnown);
  }));
});

Deno.test("a 5xx stays unknown with any code, and a 429 is retried with any code", () => {
  fc.assert(fc.property(fc.constantFrom(...MESSAGE_CODES), fc.integer({ min: 500, max: 599 }), (code, status) => {
    assert.equal(sortOf(status, code), "unknown");
    assert.equal(sortOf(429, code), "retry");
  }));
  const html = sendFailureOf(failureOf(Object.assign(new Error("No"), { status: 502 }))!);
  assert.equal(html.sort, "unknown");
});

Deno.test("a throttled send is answered with Twilio's Retry-After, and a full queue with a minute", () => {
  const throttled = sendFailureOf(failureOf(new TwilioThrottled(42))!);
  assert.ok(throttled.sort === "retry");
  const busy = errorOfRetry("+1", throttled);
  assert.deepEqual([busy.status, busy.headers["retry-after"]], [429, "42"]);
  const full = sendFailureOf(failureOf(Object.assign(new Error("Full"), { status: 400, code: 21611 }))!);
  assert.ok(full.sort === "retry");
  const { status, code, headers, details } = errorOfRetry("+1", full);
  assert.deepEqual([status, code, headers["retry-after"], details?.[0]?.["twilioCode"]], [
    429,
    "twilio_throttled",
    "60",
    21611,
  ]);
});

Deno.test("reasonOf explains every code of a callback, also an unknown one, and is null without an error", () => {
  assert.equal(
    reasonOf(30003),
    "Twilio error 30003: the recipient's phone is off or cannot be reached (https://www.twilio.com/docs/errors/30003)",
  );
  assert.equal(
    reasonOf(39999),
    "Twilio error 39999: no reason is known for this code (https://www.twilio.com/docs/errors/39999)",
  );
  for (const none of [0, null, undefined]) assert.equal(reasonOf(none), null);
  for (const code of MESSAGE_CODES) assert.ok(reasonOf(code)!.includes(messageCode(code).reason));
});

Deno.test("a rejected message is answered with our reason for Twilio's code, never with Twilio's words", () => {
  const landline = errorOfMessage("+15005550009", { status: 400, code: 21614 });
  assert.equal(landline.message, 'Cannot send to "+15005550009": the recipient is not a mobile number');
  fc.assert(fc.property(fc.oneof(fc.constantFrom(...MESSAGE_CODES), fc.nat(99_999)), (code) => {
    const rejection = { status: 400, code, message: "The 'To' number is not a valid mobile number" };
    const { message } = errorOfMessage("+15005550009", rejection);
    assert.doesNotMatch(message, /'To' number|says/);
    assert.match(message, isSorted(code) ? /": [a-z]/ : code === 0 ? /refused it$/ : new RegExp(`error ${code}$`));
  }));
});
