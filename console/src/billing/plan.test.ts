import assert from "node:assert/strict";
import fc from "fast-check";
import { changesOf, exceededBy, type PlanUse } from "./plan-change.ts";
import { includedIn, intervalInWords, planFacts, planName, priceInWords } from "./plan-facts.ts";
import type { PlanDetails } from "./subscription.ts";

function plan(change: Partial<PlanDetails> = {}): PlanDetails {
  return {
    key: "team",
    name: "Team",
    rank: 3,
    superseded_at: null,
    max_numbers: 5,
    daily_message_limit: 10_000,
    monthly_message_limit: 100_000,
    entitle_while_pending: false,
    spend_limit: 2500,
    currency: "usd",
    messages_per_second: 25,
    included_sms_out: 0,
    included_sms_in: 0,
    included_mms_out: 0,
    included_mms_in: 0,
    included_numbers: 0,
    sending_grace: "14 days",
    ...change,
  };
}

const STARTER = plan({
  key: "starter",
  name: "Starter",
  max_numbers: 1,
  daily_message_limit: 1000,
  monthly_message_limit: 10_000,
  spend_limit: 250,
});
const NOTHING: PlanUse = {
  numbers: 0,
  dayMessages: 0,
  monthMessages: 0,
  spent: 0,
  currency: "USD",
  periodUntil: "2026-12-12",
};
const NOW = new Date("2026-11-27T12:00:00Z");

Deno.test("a price is written with its interval, and with taxes where they are included", () => {
  const price = { amount: 49, currency: "usd", interval: "month", intervalCount: 1, includesTaxes: false } as const;
  assert.equal(priceInWords(price), "$49.00 a month");
  assert.equal(priceInWords({ ...price, includesTaxes: true }), "$49.00 a month, including taxes");
  assert.equal(intervalInWords({ interval: "month", intervalCount: 3 }), "every 3 months");
  assert.equal(intervalInWords({ interval: "year", intervalCount: 1 }), "a year");
});

Deno.test("plans without a subscription have names for tenants, and included units are named by kind", () => {
  assert.equal(planName({ key: "fallback", name: "Shared numbers of the master account" }), "Shared numbers");
  assert.equal(planName({ key: "team", name: "Team" }), "Team");
  assert.deepEqual(includedIn(plan({ included_sms_out: 1000, included_numbers: 2, included_mms_in: 5 })), [
    "1,000 segments of sent SMS",
    "5 received MMS",
    "2 monthly fees of phone numbers",
  ]);
  assert.ok(planFacts(plan()).every(({ label, value }) => label !== "" && value !== ""));
});

Deno.test("a smaller plan says which limits become less, and which are exceeded already", () => {
  assert.deepEqual(
    changesOf(plan(), STARTER).map(({ label, before, value, isLess }) => [label, before, value, isLess]),
    [
      ["Numbers", "5", "1", true],
      ["Messages a day", "10,000", "1,000", true],
      ["Messages a month", "100,000", "10,000", true],
      ["Spend limit", "$2,500.00", "$250.00", true],
    ],
  );
  const use = { ...NOTHING, numbers: 3, dayMessages: 1000, monthMessages: 12_000, spent: 251.5 };
  assert.deepEqual(exceededBy(STARTER, use, NOW), [
    "You have 3 numbers, and Starter allows 1: the newest 2 can only receive, 14 days after a notice",
    "You have sent 12,000 messages this month, and Starter allows 10,000: more are refused until December 1, 2026",
    "You have sent 1,000 messages in 24 hours, and Starter allows 1,000: more are refused until fewer count",
    "You have used $251.50 in this billing period, and Starter allows $250.00: what costs more is refused until December 12, 2026",
  ]);
  assert.match(exceededBy(STARTER, { ...NOTHING, numbers: 2 }, NOW)[0]!, /the newest one can only receive/);
});

Deno.test("a plan that is larger in every limit than what is used exceeds nothing, and a plan changes nothing to itself", () => {
  fc.assert(fc.property(fc.nat(4), fc.nat(9_999), fc.nat(99_999), fc.nat(2_499), (numbers, day, month, spent) => {
    const use = { ...NOTHING, numbers, dayMessages: day, monthMessages: month, spent };
    assert.deepEqual(exceededBy(plan(), use, NOW), []);
  }));
  assert.deepEqual(changesOf(plan(), plan()), []);
});
