import assert from "node:assert/strict";
import { ApiError } from "../platform/errors.ts";
import { answerableError, failureOf, requireTwilioFailure, TwilioUnreachable } from "./errors.ts";

const twilioError = (status: number, code: number | string) => Object.assign(new Error("No"), { status, code });

Deno.test("failureOf sorts Twilio's errors by what they mean to the caller", () => {
  const cases: [unknown, string][] = [
    [new TwilioUnreachable(null), "unknown"],
    [new SyntaxError("Unexpected token"), "unknown"],
    [twilioError(503, 20503), "unknown"],
    [twilioError(429, 20429), "throttled"],
    [twilioError(408, 0), "unknown"],
    [twilioError(401, 20003), "account"],
    [twilioError(400, 20005), "account"],
    [twilioError(404, 20404), "not_found"],
    [twilioError(400, 21211), "refused"],
  ];
  for (const [error, kind] of cases) assert.equal(failureOf(error)?.kind, kind, String(error));
});

Deno.test("failureOf reads a code that comes as text", () => {
  assert.deepEqual(failureOf(twilioError(400, "21610")), { kind: "refused", status: 400, code: 21610, message: "No" });
  assert.equal(failureOf(twilioError(403, "20403"))?.kind, "account");
  assert.deepEqual(failureOf(twilioError(400, "E_NO")), { kind: "refused", status: 400, code: 0, message: "No" });
});

Deno.test("failureOf returns null for errors that are not Twilio's, and requireTwilioFailure throws them", () => {
  for (const error of [new Error("No"), new ApiError("database_unavailable", "Cannot"), "No", null, undefined]) {
    assert.equal(failureOf(error), null);
    assert.equal(answerableError(error), error);
    let thrown: unknown = "nothing";
    try {
      requireTwilioFailure(error);
    } catch (caught) {
      thrown = caught;
    }
    assert.equal(thrown, error);
  }
});

Deno.test("a call that Twilio refused is answered with Twilio's code, never with Twilio's words", () => {
  const answered = answerableError(
    Object.assign(new Error("Account AC1 is not allowed"), { status: 400, code: 20001 }),
  );
  assert.ok(answered instanceof ApiError);
  assert.equal(answered.message, "Cannot do this: Twilio refused it with error 20001");
  assert.equal(answered.details?.[0]?.["twilioCode"], 20001);
  const withoutCode = answerableError(Object.assign(new Error("No"), { status: 400 }));
  assert.equal((withoutCode as ApiError).message, "Cannot do this: Twilio refused it");
});
