import assert from "node:assert/strict";
import fc from "fast-check";
import { planToken, type TokenSituation } from "./plan.ts";

const NOW = new Date("2026-11-22T12:00:00Z");
const LATER = new Date(NOW.getTime() + 60_000);
const atRest: TokenSituation = {
  requested: false,
  primary: "in_use",
  next: "none",
  accountIsActive: true,
  previousUntil: null,
  now: NOW,
};
const step = (changes: Partial<TokenSituation>) => planToken({ ...atRest, ...changes })?.do ?? null;

Deno.test("a valid token without a request for another is left alone", () => {
  assert.equal(step({}), null);
  assert.equal(step({ accountIsActive: false }), null);
  assert.equal(step({ previousUntil: LATER }), null);
});

Deno.test("a rotation creates a secondary token, promotes it once Twilio accepts it, and records it once the master account reads it", () => {
  assert.equal(step({ requested: true }), "replace-secondary");
  assert.equal(step({ requested: true, next: "accepted" }), "promote");
  assert.equal(step({ requested: true, next: "accepted", primary: "next" }), "record-promotion");
});

Deno.test("a stored secondary token that Twilio does not accept is replaced, never promoted", () => {
  assert.equal(step({ requested: true, next: "refused" }), "replace-secondary");
});

Deno.test("a token made in Twilio's console is recorded before any other step", () => {
  fc.assert(fc.property(
    fc.record({
      requested: fc.boolean(),
      next: fc.constantFrom("none" as const, "accepted" as const, "refused" as const),
      accountIsActive: fc.boolean(),
      previousUntil: fc.constantFrom(null, LATER),
    }),
    (changes) => assert.equal(step({ ...changes, primary: "unknown" }), "record-primary"),
  ));
});

Deno.test("a second rotation waits until the previous token is forgotten, a rotation in progress does not", () => {
  const asked = { requested: true, previousUntil: LATER };
  assert.deepEqual(planToken({ ...atRest, ...asked }), { do: "wait", until: LATER });
  assert.equal(step({ ...asked, now: LATER }), "replace-secondary");
  assert.equal(step({ ...asked, next: "refused" }), "replace-secondary");
});

Deno.test("a promoted token that Twilio does not accept yet is waited for", () => {
  assert.equal(step({ requested: true, primary: "next", next: "refused" }), "wait");
});

Deno.test("a suspended account's tokens are left alone, and an earlier promotion is recorded", () => {
  const suspended = { requested: true, accountIsActive: false };
  assert.equal(step(suspended), null);
  assert.equal(step({ ...suspended, next: "refused" }), null);
  assert.equal(step({ ...suspended, next: "refused", primary: "next" }), "record-promotion");
});
