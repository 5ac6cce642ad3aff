import assert from "node:assert/strict";
import fc from "fast-check";
import type { Reconciliation } from "../../../../client/switchboard.ts";
import { breakdownOf, CLASSES, mustBeExplained, rounded } from "./breakdown.ts";

/** Amounts as the database has them: decimals with six places. */
const amount = fc.integer({ min: -5_000_000_000, max: 5_000_000_000 }).map((micros) => micros / 1_000_000);
const classes = fc.record(Object.fromEntries(CLASSES.map((name) => [name, fc.oneof(fc.constant(0), amount)])));

/** A day whose total at Twilio is that of the ledger and all classes, in whole millionths, as a check constraint demands. */
const day = fc.tuple(classes, amount).map(([shares, ledgerTotal]) => {
  const micros = Object.values(shares).reduce(
    (sum, value) => sum + Math.round(value * 1e6),
    Math.round(ledgerTotal * 1e6),
  );
  return {
    ...shares,
    ledgerTotal,
    usageTotal: micros / 1e6,
    isClosed: true,
    isShifted: false,
  } as unknown as Reconciliation;
});

Deno.test("a breakdown adds up to usage less ledger, and lists exactly the classes that are not zero", () => {
  fc.assert(fc.property(day, (compared) => {
    const { difference, shares, addsUp } = breakdownOf(compared);
    assert.ok(addsUp);
    assert.ok(Math.abs(rounded(shares.reduce((sum, share) => sum + share.amount, 0)) - difference) < 1e-4);
    assert.deepEqual(shares.map(({ name }) => name), CLASSES.filter((name) => compared[name] !== 0));
  }));
});

Deno.test("a breakdown that lacks a cent does not add up", () => {
  const small = day.filter(({ usageTotal, ledgerTotal }) =>
    Math.max(Math.abs(usageTotal), Math.abs(ledgerTotal)) < 5_000
  );
  fc.assert(fc.property(small, fc.constantFrom(...CLASSES), (compared, name) => {
    assert.ok(!breakdownOf({ ...compared, [name]: compared[name] + 0.01 }).addsUp);
  }));
});

Deno.test("a day must be explained by one of the last five classes, once it is closed and not shifted", () => {
  const none = Object.fromEntries(CLASSES.map((name) => [name, 0])) as unknown as Reconciliation;
  const closed = { ...none, isClosed: true, isShifted: false };
  for (const [index, name] of CLASSES.entries()) {
    for (const amount of [-0.5, 0.5]) {
      const compared = { ...closed, [name]: amount };
      assert.equal(mustBeExplained(compared) !== "no", index >= 4, name);
      assert.equal(mustBeExplained({ ...compared, isClosed: false }), "no");
      assert.equal(mustBeExplained({ ...compared, isShifted: true }), "no");
    }
  }
  assert.equal(mustBeExplained({ ...closed, missingAtTwilio: -1 }), "unless_gone");
  assert.equal(mustBeExplained({ ...closed, rate: -1 }), "unless_gone");
  assert.equal(mustBeExplained({ ...closed, rate: -1, missingHere: 0.1 }), "yes");
  assert.equal(mustBeExplained(closed), "no");
});
