import assert from "node:assert/strict";
import fc from "fast-check";
import type { NumberChange, NumberSync, PhoneNumber } from "../../../client/switchboard.ts";
import { resultOfSync } from "./sync-result.ts";

const [ONE, TWO, THREE] = ["+14155550100", "+14155550101", "+14155550102"] as const;

function synced(numbers: readonly string[], changes: readonly [NumberChange["change"], string][]): NumberSync {
  return {
    numbers: numbers.map((phoneNumber) => ({ phoneNumber }) as PhoneNumber),
    changes: changes.map(([change, phoneNumber]) => ({ change, phoneNumber, phoneSid: "PN1" })),
  };
}

Deno.test("resultOfSync counts what was added, removed, updated and unchanged, and says what happened to each number", () => {
  const { summary, changes } = resultOfSync(synced([ONE, TWO], [["appeared", ONE], ["released", THREE]]));
  assert.equal(summary, "1 number added, 1 removed, 1 unchanged");
  assert.deepEqual(changes, [
    "+1 415 555 0100 was added: it is in your account at Twilio",
    "+1 415 555 0102 was removed: it is no longer in your account at Twilio",
  ]);
  assert.equal(resultOfSync(synced([ONE, TWO], [])).summary, "2 numbers unchanged");
  assert.equal(resultOfSync(synced([], [])).summary, "You have no numbers, here or at Twilio");
  assert.equal(resultOfSync(synced([ONE], [["appeared", ONE], ["repaired", ONE]])).summary, "1 number added");
});

const number = fc.constantFrom(ONE, TWO, THREE);
const kind = fc.constantFrom<NumberChange["change"]>("appeared", "changed", "repaired", "released");

Deno.test("resultOfSync counts each number once, for every kind of change", () => {
  fc.assert(fc.property(fc.uniqueArray(number), fc.array(fc.tuple(kind, number)), (numbers, changes) => {
    // A number that was released is not listed, and every other change is of a listed number.
    const possible = changes.filter(([change, phoneNumber]) =>
      numbers.includes(phoneNumber) !== (change === "released")
    );
    const { summary } = resultOfSync(synced(numbers, possible));
    const total = [...summary.matchAll(/\d+/g)].reduce((sum, [digits]) => sum + Number(digits), 0);
    const removed = new Set(possible.filter(([change]) => change === "released").map(([, phoneNumber]) => phoneNumber));
    assert.equal(total, numbers.length + removed.size, summary);
  }));
});
