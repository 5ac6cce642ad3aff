import assert from "node:assert/strict";
import fc from "fast-check";
import { isPictureUrl } from "./composer.tsx";
import { isSendKey } from "./enter-key.ts";
import { fieldOf } from "./failures.ts";
import { outcomeOf } from "./outcome.ts";
import { optOutOf } from "./use-opt-out.ts";
import { priceText } from "./use-price.ts";
import { sendersOf } from "./use-senders.ts";

const press = fc.record({
  key: fc.constantFrom("Enter", "a"),
  ctrlKey: fc.boolean(),
  metaKey: fc.boolean(),
  shiftKey: fc.boolean(),
  altKey: fc.boolean(),
  isComposing: fc.boolean(),
  keyCode: fc.constantFrom(13, 65, 229),
});

Deno.test("Enter sends by the preference, Ctrl or ⌘ with Enter always, Shift with Enter and input methods never", () => {
  fc.assert(fc.property(press, fc.constantFrom("sends" as const, "new-line" as const), (pressed, enter) => {
    const { key, ctrlKey, metaKey, shiftKey, altKey, isComposing, keyCode } = pressed;
    const isPlainEnter = key === "Enter" && !shiftKey && !altKey && !isComposing && keyCode !== 229;
    assert.equal(isSendKey(pressed, enter), isPlainEnter && (enter === "sends" || ctrlKey || metaKey));
  }));
});

Deno.test("outcomeOf never takes a call without a result for a message that was not sent", () => {
  const failure = (status: number, code: string) => ({ status, code, message: "", details: [] });
  assert.equal(outcomeOf(failure(0, "unreachable"), false), "waits");
  assert.equal(outcomeOf(failure(401, "unauthorized"), true), "waits");
  for (
    const [status, code] of [[0, "unreachable"], [0, "timed_out"], [504, "unexpected_answer"], [500, "internal_error"]]
  ) {
    assert.equal(outcomeOf(failure(status as number, code as string), true), "lost", code as string);
  }
  assert.equal(outcomeOf(failure(503, "message_outcome_unknown"), true), "unknown");
  assert.equal(outcomeOf(failure(429, "rate_limited"), true), "later");
  assert.equal(outcomeOf(failure(503, "database_unavailable"), true), "later");
  assert.equal(outcomeOf(failure(422, "invalid_recipient"), true), "refused");
});

Deno.test("fieldOf names the field by the code or by the detail of the failure", () => {
  const failure = (code: string, field?: string) => {
    return { status: 422, code, message: "", details: field === undefined ? [] : [{ field }] };
  };
  assert.equal(fieldOf(failure("invalid_recipient")), "to");
  assert.equal(fieldOf(failure("number_over_limit")), "from");
  assert.equal(fieldOf(failure("invalid_input", "mediaUrls.0")), "mediaUrls");
  assert.equal(fieldOf(failure("spend_limit_reached")), null);
});

Deno.test("optOutOf finds an opt-out of all numbers or of this number, and none of another number", () => {
  const optOut = (from: string | null) => ({
    id: String(from),
    recipient: "+14155550142",
    from,
    source: "received" as const,
    keyword: "STOP",
    optedOutAt: "2026-11-03T10:00:00Z",
  });
  const [all, own, other] = [optOut(null), optOut("+14155550100"), optOut("+14155550101")];
  assert.equal(optOutOf([other, own], "+14155550100"), own);
  assert.equal(optOutOf([own, all], "+14155550100"), all);
  assert.equal(optOutOf([other], "+14155550100"), null);
});

Deno.test("sendersOf lists the numbers that can send, the primary one first, or says why there is none", () => {
  const number = (phoneNumber: string, more: object = {}) => ({
    id: phoneNumber,
    phoneNumber,
    phoneSid: null,
    friendlyName: null as string | null,
    capabilities: { sms: true, mms: false, voice: true },
    isPrimary: false,
    status: "active",
    source: "subaccount" as const,
    ...more,
  });
  const own = (numbers: ReturnType<typeof number>[]) => ({ source: "subaccount" as const, numbers });
  const active = { status: "active" as const, provisioned: true };
  const two = own([
    number("+14155550101", { friendlyName: "Support" }),
    number("+14155550100", { isPrimary: true, friendlyName: "(415) 555-0100" }),
    number("+14155550102", { capabilities: { sms: false, mms: false, voice: true } }),
  ]);
  assert.deepEqual(
    sendersOf(two, active).numbers.map(({ phoneNumber, name }) => [phoneNumber, name]),
    [["+14155550100", null], ["+14155550101", "Support"]],
  );
  assert.equal(sendersOf(own([]), active).obstacle, "no-number");
  assert.equal(sendersOf(own([two.numbers[2]!]), active).obstacle, "no-sms");
  assert.equal(sendersOf(two, { ...active, status: "suspended" }).obstacle, "suspended");
  assert.equal(sendersOf(two, { ...active, status: "closed" }).obstacle, "closed");
  assert.equal(sendersOf(own([]), { status: "pending", provisioned: false }).obstacle, "pending");
  const shared = { source: "master" as const, notice: "Shared", numbers: [number("+14155550199")] };
  assert.equal(sendersOf(shared, { status: "none" as never, provisioned: false }).notice, "Shared");
  assert.equal(sendersOf(shared, active).obstacle, "no-number");
});

Deno.test("priceText says about how much, with the currency where it is known", () => {
  assert.match(priceText({ amount: 0.0158, currency: "USD" }), /^about .*0[.,]0158/);
  assert.match(priceText({ amount: 0.0158, currency: "USD" }), /\$/);
  assert.match(priceText({ amount: 1, currency: null }), /^about 1[.,]00$/);
});

Deno.test("isPictureUrl accepts https URLs only", () => {
  assert.equal(isPictureUrl(" https://example.com/cat.jpg "), true);
  for (
    const text of ["", "cat.jpg", "http://example.com/cat.jpg", "javascript:alert(1)", `https://a/${"x".repeat(2048)}`]
  ) {
    assert.equal(isPictureUrl(text), false, text);
  }
});
