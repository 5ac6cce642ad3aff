import assert from "node:assert/strict";
import fc from "fast-check";
import type { NumbersOverview } from "../../../client/switchboard.ts";
import {
  type BuyingFacts,
  capabilitiesInWords,
  moment,
  obstacleToBuying,
  obstacleToOffer,
  requirementsOf,
  usageOf,
} from "./buying.ts";

const RESETS = "2026-12-01T00:00:00.000Z";

function overview(changes: Partial<NumbersOverview> = {}): NumbersOverview {
  return {
    numbers: { limit: 3, held: 1 },
    purchases: { day: { limit: 2, left: 2, resetsAt: null }, month: { limit: 3, left: 3, resetsAt: null } },
    highestPrice: 5,
    includedNumbers: 0,
    spending: { limit: 20, left: 18, resetsAt: RESETS },
    inProgress: [],
    scheduled: [],
    comparedAt: null,
    ...changes,
  };
}

const facts = (changes: Partial<BuyingFacts> = {}): BuyingFacts => ({
  subaccount: { status: "active" },
  own: { status: "active" },
  overview: overview(),
  hasLargerPlan: true,
  ...changes,
});

Deno.test('at the limit, obstacleToBuying says "3 of 3 numbers in your plan" and leads to a larger plan or a subscription', () => {
  const full = overview({ numbers: { limit: 3, held: 3 } });
  const obstacle = obstacleToBuying(facts({ overview: full }));
  assert.equal(obstacle?.title, "3 of 3 numbers in your plan");
  assert.equal(obstacle?.wayOut, "larger-plan");
  assert.equal(obstacleToBuying(facts({ overview: full, own: null }))?.wayOut, "subscribe");
  assert.equal(obstacleToBuying(facts({ overview: full, own: { status: "canceled" } }))?.wayOut, "subscribe");
  const largest = obstacleToBuying(facts({ overview: full, hasLargerPlan: false }));
  assert.deepEqual([largest?.wayOut, /release one/.test(largest?.text ?? "")], [null, true]);
  assert.equal(usageOf({ numbers: { limit: 1, held: 0 } }), "0 of 1 number in your plan");
});

Deno.test("a number that is being released counts, and obstacleToBuying says so", () => {
  const releasing = { numberId: "1", phoneNumber: "+14155550100", status: "releasing" } as const;
  const full = overview({ numbers: { limit: 1, held: 1 }, inProgress: [releasing] });
  assert.match(obstacleToBuying(facts({ overview: full }))?.text ?? "", /being released counts/);
});

Deno.test("obstacleToBuying names the way out of each status of the subaccount", () => {
  const wayOut = (status: BuyingFacts["subaccount"]["status"], own: BuyingFacts["own"] = null) =>
    obstacleToBuying(facts({ subaccount: { status }, own }))?.wayOut;
  assert.equal(wayOut(null), "overview");
  assert.equal(wayOut("pending"), null);
  assert.equal(wayOut("closed"), "subscribe");
  for (const status of ["past_due", "unpaid", "paused", "incomplete"] as const) {
    assert.equal(wayOut("suspended", { status }), "pay", status);
  }
  for (const own of [null, { status: "canceled" }, { status: "incomplete_expired" }] as const) {
    assert.equal(wayOut("suspended", own), "subscribe");
  }
  assert.equal(wayOut("suspended", { status: "active" }), null);
  assert.equal(obstacleToBuying(facts({ own: { status: "past_due" } })), null);
});

Deno.test("obstacleToBuying names the time at which a limit on purchases or spending resets", () => {
  const used = { limit: 2, left: 0, resetsAt: RESETS };
  const { day, month } = overview().purchases;
  const texts = [
    overview({ purchases: { day: used, month } }),
    overview({ purchases: { day, month: used } }),
    overview({ spending: { limit: 20, left: 0, resetsAt: RESETS } }),
  ].map((each) => obstacleToBuying(facts({ overview: each })));
  assert.match(texts[0]!.title, /2 numbers in 24 hours/);
  assert.match(texts[1]!.title, /2 numbers in a calendar month/);
  for (const obstacle of texts) assert.ok(obstacle!.text.includes(moment(RESETS)), obstacle!.text);
  const none = obstacleToBuying(
    facts({ overview: overview({ purchases: { day: { limit: 0, left: 0, resetsAt: null }, month } }) }),
  );
  assert.match(none?.title ?? "", /allows no purchases/);
});

const count = fc.integer({ min: 0, max: 3 });
const overviews = fc.record({
  held: count,
  limit: count,
  day: count,
  month: count,
  left: fc.integer({ min: 0, max: 3 }),
});

Deno.test("obstacleToBuying finds an obstacle exactly when a limit is reached, and never shows an empty sentence", () => {
  fc.assert(fc.property(overviews, fc.boolean(), (limits, hasLargerPlan) => {
    const { held, limit, day, month, left } = limits;
    const obstacle = obstacleToBuying(facts({
      hasLargerPlan,
      overview: overview({
        numbers: { held, limit },
        purchases: {
          day: { limit: 3, left: day, resetsAt: RESETS },
          month: { limit: 3, left: month, resetsAt: RESETS },
        },
        spending: { limit: 20, left, resetsAt: RESETS },
      }),
    }));
    const isReached = held >= limit || day === 0 || month === 0 || left === 0;
    assert.equal(obstacle !== null, isReached);
    if (obstacle === null) return;
    assert.ok(obstacle.title.length > 0 && /\.$/.test(obstacle.text), obstacle.text);
    assert.ok(hasLargerPlan || obstacle.wayOut === null);
  }));
});

Deno.test("an offer is refused beforehand when its price is unknown, above the plan's highest, or above what is left to spend", () => {
  const at = (amount: string | null) =>
    obstacleToOffer({ monthlyPrice: amount === null ? null : { amount, currency: "USD" } }, overview());
  assert.equal(at("1.15"), null);
  assert.equal(at("5"), null);
  assert.match(at("5.00001") ?? "", /up to \$5\.00 a month/);
  assert.match(at(null) ?? "", /price is not known/);
  const poor = overview({ spending: { limit: 20, left: 1, resetsAt: RESETS } });
  assert.match(
    obstacleToOffer({ monthlyPrice: { amount: "1.15", currency: "USD" } }, poor) ?? "",
    /still spend \$1\.00 until/,
  );
});

Deno.test("requirementsOf says which address and bundle Twilio requires, and capabilitiesInWords what a number can do", () => {
  const of = (addressRequirement: "none" | "any" | "local" | "foreign", requiresBundle: boolean | null) =>
    requirementsOf({ addressRequirement, requiresBundle, isoCountry: "DE" });
  assert.deepEqual(of("none", false), []);
  assert.deepEqual(of("none", null), []);
  assert.deepEqual(of("any", null), ["Needs an address"]);
  assert.deepEqual(of("local", true), ["Needs an address in Germany", "Needs an approved regulatory bundle"]);
  assert.deepEqual(of("foreign", false), ["Needs an address outside Germany"]);
  assert.equal(capabilitiesInWords({ sms: true, mms: true, voice: true }), "SMS, MMS and voice");
  assert.equal(capabilitiesInWords({ sms: true, mms: false, voice: true }), "SMS and voice");
});
