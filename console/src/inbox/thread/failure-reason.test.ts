import assert from "node:assert/strict";
import { MESSAGE_CODES } from "../../../../supabase/functions/_shared/twilio/message-codes.ts";
import { LOOKS } from "../status.ts";
import { canResend, failureReason } from "./failure-reason.ts";
import { message } from "./history.testing.ts";

Deno.test("a failed message says why in words, and offers to send it again", () => {
  const failed = message({ status: "undelivered", errorCode: 30003, errorMessage: "Twilio error 30003" });
  assert.equal(failureReason(failed), "The recipient's phone is off or cannot be reached");
  assert.equal(canResend(failed), true);
});

Deno.test("every failed status has a reason for every code, without the code, a link or the vendor's text", () => {
  for (const [status, { kind }] of Object.entries(LOOKS)) {
    for (const errorCode of [null, 99999, ...MESSAGE_CODES]) {
      const shown = message({
        status: status as never,
        errorCode,
        errorMessage: "Account AC00 https://www.twilio.com",
      });
      const reason = failureReason(shown);
      assert.equal(reason !== null, kind === "failed" || kind === "unsure", status);
      if (reason !== null) assert.doesNotMatch(reason, /\d{5}|https?:|AC00|credentials/);
    }
  }
});

Deno.test("a message that was not received, not deleted and not refused for an opt-out can be sent again if it failed", () => {
  assert.equal(canResend(message({ status: "delivered" })), false);
  assert.equal(canResend(message({ status: "failed", errorCode: 21610 })), false);
  assert.equal(canResend(message({ status: "failed", body: null, redactedAt: "2026-01-01T00:00:00.000Z" })), false);
  assert.equal(canResend(message({ status: "unknown" })), false);
  assert.equal(
    canResend(message({ status: "not_sent", body: null, media: [{ url: "https://a.test", contentType: null }] })),
    true,
  );
});
