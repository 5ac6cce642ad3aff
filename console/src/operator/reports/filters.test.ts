import assert from "node:assert/strict";
import fc from "fast-check";
import { auditFilterOf, auditQueryOf } from "./audit-filter.ts";
import { faultOfAccount, reconciliationFilterOf, reconciliationQueryOf } from "./reconciliation-filter.ts";

const text = fc.option(fc.string({ maxLength: 150 }).filter((value) => value.isWellFormed()), { nil: undefined });

Deno.test("any filter of the audit log survives the address, trimmed and as long as the server takes it", () => {
  fc.assert(fc.property(text, text, text, (actor, action, requestId) => {
    const given = { ...(actor && { actor }), ...(action && { action }), ...(requestId && { requestId }) };
    const once = auditFilterOf(new URLSearchParams(`${auditQueryOf(given)}`));
    assert.deepEqual(auditFilterOf(auditQueryOf(once)), once);
    for (const value of Object.values(once)) assert.ok(value.length >= 1 && value.length <= 100);
  }));
});

Deno.test("any filter of reconciliation survives the address, and what is no SID is no filter", () => {
  const account = fc.option(fc.stringMatching(/^AC[0-9a-f]{32}$/), { nil: undefined });
  fc.assert(fc.property(fc.boolean(), account, (unexplained, sid) => {
    const filter = { unexplained, ...(sid !== undefined && { account: sid }) };
    assert.deepEqual(reconciliationFilterOf(new URLSearchParams(`${reconciliationQueryOf(filter)}`)), filter);
  }));
  fc.assert(fc.property(fc.string(), (typed) => {
    const isTaken = "account" in reconciliationFilterOf(new URLSearchParams({ account: typed }));
    assert.equal(isTaken, typed.trim() !== "" && faultOfAccount(typed) === null);
  }));
  assert.deepEqual(reconciliationFilterOf(new URLSearchParams()), { unexplained: true });
});
