import assert from "node:assert/strict";
import fc from "fast-check";
import { BAKERY, DENTIST, GUESTS } from "./businesses.ts";
import { plannedTraffic } from "./traffic.ts";

const DAY = 24 * 3_600_000;
const moments = fc.record({
  business: fc.constantFrom(BAKERY, DENTIST),
  from: fc.integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2030, 0, 1) }),
  days: fc.double({ min: 0, max: 60, noNaN: true }),
}).map(({ business, from, days }) => ({ business, from: new Date(from), until: new Date(from + days * DAY) }));

Deno.test("planned messages are in order, between the two moments, and the same in every run", () => {
  fc.assert(fc.property(moments, ({ business, from, until }) => {
    const messages = plannedTraffic(business, from, until);
    assert.deepEqual(messages, plannedTraffic(business, from, until));
    for (const [index, { at }] of messages.entries()) {
      assert.ok(at >= from && at < until);
      assert.ok(index === 0 || at >= messages[index - 1]!.at);
    }
  }));
});

Deno.test("more days add messages and change none of the days before", () => {
  fc.assert(fc.property(moments, ({ business, from, until }) => {
    const messages = plannedTraffic(business, from, until);
    const more = plannedTraffic(business, from, new Date(until.getTime() + 3 * DAY));
    assert.deepEqual(more.slice(0, messages.length), messages);
  }));
});

Deno.test("a month has some hundred messages of both directions and some failures, at most one segment long mostly", () => {
  for (const business of [BAKERY, DENTIST]) {
    const from = new Date(Date.UTC(2026, 9, 1));
    const messages = plannedTraffic(business, from, new Date(from.getTime() + 30 * DAY));
    const count = (status: string) => messages.filter((message) => message.status === status).length;
    assert.ok(messages.length > 200 && messages.length < 900, `${messages.length}`);
    assert.ok(count("received") > 80 && count("delivered") > 80 && count("undelivered") > 2);
    assert.ok(messages.filter(({ body }) => body.length > 160).length < messages.length / 10);
    for (const { body } of messages) assert.doesNotMatch(body, /[{}<>]/);
  }
});

Deno.test("every number of the demo data is one of the numbers for fiction, and used once", () => {
  const owned = [BAKERY, DENTIST].flatMap(({ numbers }) => numbers.map(({ phoneNumber }) => phoneNumber));
  const people = [BAKERY, DENTIST].flatMap((business) => business.people.map(({ phoneNumber }) => phoneNumber));
  const all = [...owned, ...people, ...GUESTS];
  for (const number of all) assert.match(number, /^\+1[2-9]\d\d55501\d\d$/);
  assert.equal(new Set(all).size, all.length);
});
