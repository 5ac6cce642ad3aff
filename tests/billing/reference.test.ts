import assert from "node:assert/strict";
import { type Facts, fraction, type Period, rateOn, reckon, rounded, type Usage, whole } from "./reference.ts";

const at = (text: string) => BigInt(Date.parse(text)) * 1000n;
const JANUARY: Period = {
  from: at("2027-01-10T12:00:00Z"),
  until: at("2027-02-10T12:00:00Z"),
  currency: "usd",
  isTrial: false,
  subscription: "sub_1",
  customer: "cus_1",
  createdAt: 0n,
  meteredSince: { sms_out: 0n, mms_out: 0n, number: 0n, fee: 0n },
};
const plain = { rank: 1, currency: "usd", markup: "1", included: {} };
let made = 0;
const sms = (time: string, cost: string | null, more: Partial<Usage> = {}): Usage => ({
  ...{ id: String(made++).padStart(6, "0"), kind: "sms_out", at: at(time), unit: "USD", plan: "team", pieces: 1, cost },
  ...more,
});
const facts = (usage: Usage[], more: Partial<Facts> = {}): Facts => ({
  ...{ plans: { team: plain }, rates: [], periods: [JANUARY], usage },
  versions: [{ subscription: "sub_1", plan: "team", from: JANUARY.from }],
  ...more,
});
const units = (facts: Facts) =>
  Object.fromEntries(reckon(facts).map((due) => [`${due.kind} ${due.from / 1000n} ${due.fate}`, Number(due.units)]));
const of = (period: Pick<Period, "from">, fate = "billed", kind = "sms_out") =>
  `${kind} ${period.from / 1000n} ${fate}`;

Deno.test("a half is rounded up, also below zero", () => {
  for (const [text, expected] of [["0.5", 1n], ["-0.5", 0n], ["-1.5", -1n], ["0.49", 0n], ["-0.51", -1n]] as const) {
    assert.equal(rounded(fraction(text)), expected, text);
  }
});

Deno.test("the price of each message is rounded up to five decimals, and the sum to one unit", () => {
  // 0.0075 x 1.3333 = 0.00999975, which is priced 0.01. Three of them are 0.03, or 300 units.
  const three = [1, 2, 3].map((day) => sms(`2027-01-1${day}T13:00:00Z`, "0.0075"));
  assert.deepEqual(units(facts(three, { plans: { team: { ...plain, markup: "1.3333" } } })), { [of(JANUARY)]: 300 });
});

Deno.test("messages of a third of a unit add up before they are rounded", () => {
  const ten = Array.from({ length: 10 }, (_, index) => sms(`2027-01-11T13:00:0${index}Z`, "0.00003"));
  assert.deepEqual(units(facts(ten)), { [of(JANUARY)]: 3 });
});

Deno.test("a period includes its first microsecond and not its last", () => {
  const next = { ...JANUARY, from: JANUARY.until, until: at("2027-03-10T12:00:00Z") };
  const usage = [sms("2027-02-10T12:00:00Z", "0.02"), {
    ...sms("2027-02-10T12:00:00Z", "0.01"),
    at: JANUARY.until - 1n,
  }];
  const both = facts(usage, { periods: [JANUARY, next] });
  assert.deepEqual(units(both), { [of(JANUARY)]: 100, [of(next)]: 200 });
});

Deno.test("included segments are used in order of use, and a message is covered by its share", () => {
  const plans = { team: { ...plain, included: { sms_out: 4 } } };
  // The second message was used before the first. Four segments: three of it, and one of the two of the other.
  const usage = [
    sms("2027-01-12T00:00:00Z", "0.02", { pieces: 2 }),
    sms("2027-01-11T00:00:00Z", "0.03", { pieces: 3 }),
    sms("2027-01-13T00:00:00Z", "0.05", { pieces: 1 }),
    sms("2027-01-11T12:00:00Z", null, { pieces: 9 }),
  ];
  assert.deepEqual(units(facts(usage, { plans })), { [of(JANUARY)]: 100 + 500 });
});

Deno.test("a version of a plan includes its share of the seconds of the period, rounded down", () => {
  const plans = { team: { ...plain, included: { sms_out: 10 } }, scale: { ...plain, included: { sms_out: 31 } } };
  // The period has 31 days: 10 of team include 3 segments (3.2), and 21 of scale include 21.
  const versions = [{ subscription: "sub_1", plan: "team", from: JANUARY.from }, {
    subscription: "sub_1",
    plan: "scale",
    from: at("2027-01-20T12:00:00Z"),
  }];
  const usage = [
    ...Array.from({ length: 5 }, (_, index) => sms(`2027-01-11T00:00:0${index}Z`, "0.01")),
    ...Array.from(
      { length: 23 },
      (_, n) => sms(`2027-01-21T00:00:${10 + n}Z`, "0.01", { plan: "scale" }),
    ),
  ];
  assert.deepEqual(units(facts(usage, { plans, versions })), { [of(JANUARY)]: 200 + 200 });
});

Deno.test("the amount is in the currency of the subscription, at the rate of the day of use", () => {
  const rates = [["2027-01-01", "0.9"], ["2027-01-12", "0.8"]].map(([from, rate]) => ({
    ...{ unit: "USD", currency: "eur", from: from!, rate: rate! },
  }));
  const usage = [sms("2027-01-11T23:59:59Z", "0.01"), sms("2027-01-12T00:00:00Z", "0.01")];
  const euros = facts(usage, { rates, periods: [{ ...JANUARY, currency: "eur" }] });
  assert.deepEqual(units(euros), { [of(JANUARY)]: 90 + 80 });
  assert.deepEqual(rateOn(rates, "EUR", "eur", "2027-01-01"), whole(1));
  assert.throws(() => rateOn(rates, "USD", "eur", "2026-12-31"), /no rate/);
});

Deno.test("usage without a payer, before metering and in a trial is not billed", () => {
  const trial = { ...JANUARY, until: at("2027-01-17T12:00:00Z"), isTrial: true };
  const paid = { ...JANUARY, from: trial.until, meteredSince: { sms_out: at("2027-01-20T00:00:00Z") } };
  const usage = [
    sms("2027-01-05T00:00:00Z", "0.01"),
    sms("2027-01-11T00:00:00Z", "0.02"),
    sms("2027-01-18T00:00:00Z", "0.03"),
    sms("2027-01-20T00:00:00Z", "0.04"),
    sms("2027-01-20T00:00:00Z", "0.05", { kind: "fee" }),
  ];
  assert.deepEqual(units(facts(usage, { periods: [trial, paid] })), {
    [of({ from: at("2027-01-01T00:00:00Z") }, "no_payer")]: 100,
    [of(trial, "trial")]: 0,
    [of(paid, "before_metering")]: 300,
    [of(paid)]: 400,
    [of(paid, "before_metering", "fee")]: 500,
  });
});

Deno.test("a credit lowers nothing below zero, and a fee of several counts covers its share", () => {
  const plans = { team: { ...plain, included: { number: 1 } } };
  const usage = [sms("2027-01-11T00:00:00Z", "-0.01"), sms("2027-01-11T00:00:00Z", "3", { kind: "number", pieces: 3 })];
  assert.deepEqual(units(facts(usage, { plans })), { [of(JANUARY)]: 0, [of(JANUARY, "billed", "number")]: 20_000 });
});
