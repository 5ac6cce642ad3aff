import assert from "node:assert/strict";
import { csvOf } from "../../platform/download.ts";
import { isLate, lastLateDay } from "./days.ts";
import { costInWords, totalCost, UNPAID_COLUMNS, unpaidLines } from "./unpaid.ts";

const USD = { currency: "USD", numbers: 2, unpriced: 1, monthlyCost: "1.15", otherMonthlyCost: "0.1" };

Deno.test("an account costs its numbers and its other fees, without the errors of binary fractions", () => {
  assert.equal(totalCost(USD), 1.25);
  assert.equal(totalCost({ ...USD, monthlyCost: "0.1", otherMonthlyCost: "0.2" }), 0.3);
});

Deno.test("a total says how many accounts and numbers it has, and how many have no price", () => {
  assert.equal(costInWords({ accounts: 1, numbers: 1, unpriced: 0 }), "1 account with 1 number");
  assert.equal(
    costInWords({ accounts: 2, numbers: 0, unpriced: 3 }),
    "2 accounts with 0 numbers, 3 of them without a known price",
  );
});

Deno.test("the file of unpaid accounts has a line for each account and currency, with as many cells as columns", () => {
  const number = {
    place: "tenant",
    state: "active",
    reason: null,
    leavesAt: null,
    monthlyCost: "1.15",
    currency: "USD",
  } as const;
  const account = {
    userId: "u1",
    reason: "canceled",
    subaccountSid: "AC1",
    status: "suspended",
    costs: [USD, { ...USD, currency: "EUR" }],
    numbers: [{ ...number, phoneNumber: "+14155550100" }, { ...number, phoneNumber: "+14155550101" }],
  } as const;
  const lines = unpaidLines([structuredClone(account) as never]);
  assert.equal(lines.length, 2);
  for (const line of lines) assert.equal(line.length, UNPAID_COLUMNS.length);
  assert.match(csvOf(UNPAID_COLUMNS, lines), /u1,canceled,suspended,AC1,USD,2,1,1\.15,0\.1,/);
});

Deno.test("usage is late from the third day on", () => {
  const now = new Date("2026-11-27T12:00:00Z");
  assert.equal(lastLateDay(now), "2026-11-24");
  assert.deepEqual(["2026-11-24", "2026-11-25"].map((day) => isLate(day, now)), [true, false]);
});
