import assert from "node:assert/strict";
import fc from "fast-check";
import { keysInWords } from "./keys-words.ts";
import { sweepInWords } from "./sweep-words.ts";

const SWEEP = {
  startedAt: "2026-11-02T10:00:00Z",
  finishedAt: "2026-11-02T10:00:05Z",
  ageSeconds: 5,
  level: "within" as const,
  accounts: 12,
  openAccounts: 10,
  mismatches: 0,
  missing: 0,
  strangers: 0,
  tenants: { pending: 0, active: 9, suspended: 1, closed: 2 },
};

Deno.test("a sweep says what it found in a sentence", () => {
  assert.equal(sweepInWords(SWEEP), "12 accounts compared: all match");
  assert.equal(
    sweepInWords({ ...SWEEP, mismatches: 1, strangers: 2 }),
    "12 accounts compared: 1 differs and is being repaired, 2 are strangers",
  );
  assert.equal(sweepInWords({ ...SWEEP, accounts: 1, strangers: 1 }), "1 account compared: 1 is a stranger");
});

Deno.test("keys say whether anything is sealed with an older one", () => {
  const keys = (tokens: Record<string, number>) => ({
    current: "k2",
    inUse: Object.entries(tokens).map(([keyId, count]) => ({ keyId, tokens: count })),
    missing: [],
    retirable: [],
  });
  assert.equal(keysInWords(keys({})), "Nothing is sealed yet");
  assert.equal(keysInWords(keys({ k2: 1 })), "1 text is sealed with the current key, none with an older one");
  fc.assert(fc.property(fc.nat({ max: 900 }), fc.integer({ min: 1, max: 90 }), (current, older) => {
    assert.match(
      keysInWords(keys({ k1: older, k2: current })),
      new RegExp(`^${older} texts? .* older key, of ${current + older}$`),
    );
  }));
});
