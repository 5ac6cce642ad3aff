import assert from "node:assert/strict";
import { MESSAGE_CODES } from "../../../supabase/functions/_shared/twilio/message-codes.ts";
import { remarkOf } from "./status.ts";

const recipient = {
  index: 0,
  to: "+14155550142",
  count: "failed" as const,
  skipReason: null,
  messageId: null,
  status: "undelivered",
  errorCode: null,
  errorMessage: null,
};

Deno.test("the remark on a recipient says why in words, with the code and without the vendor's text", () => {
  const failed = { ...recipient, errorCode: 30003, errorMessage: "Twilio error 30003: https://www.twilio.com" };
  assert.equal(remarkOf(failed), "The recipient's phone is off or cannot be reached (30003)");
  assert.equal(remarkOf({ ...recipient, errorCode: 99999, errorMessage: "Unheard of" }), "Error 99999");
  for (const errorCode of MESSAGE_CODES) {
    const remark = remarkOf({ ...recipient, errorCode, errorMessage: "Account AC00 https://www.twilio.com" });
    assert.match(remark, new RegExp(`^[A-Z].+ \\(${errorCode}\\)$`));
    assert.doesNotMatch(remark, /https?:|AC00|credentials/);
  }
});

Deno.test("the remark on a skipped recipient says why, and on a delivered one nothing", () => {
  assert.equal(remarkOf({ ...recipient, count: "skipped", skipReason: "opted_out" }), "Opted out");
  assert.equal(remarkOf({ ...recipient, count: "delivered", status: "delivered" }), "");
});
