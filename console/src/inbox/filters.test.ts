import assert from "node:assert/strict";
import * as fc from "fast-check";
import { addressOf, type Filters, filtersOf, nothingListed, VIEWS } from "./filters.ts";

const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }).map((text) => text.trim()).filter(Boolean);

Deno.test("Every combination of filters is kept by its address", () => {
  const filters = fc.record({
    view: fc.constantFrom(...VIEWS),
    number: fc.constantFrom("+14155550100", "+493012345"),
    tag: text,
    search: text,
  }, { requiredKeys: ["view"], noNullPrototype: true }) as fc.Arbitrary<Filters>;
  fc.assert(fc.property(filters, (filters) => {
    assert.deepEqual(filtersOf(new URLSearchParams(addressOf(filters))), filters);
  }));
});

Deno.test("filtersOf accepts a number whose plus sign became a blank, and ignores an unknown view and blank texts", () => {
  assert.deepEqual(filtersOf(new URLSearchParams("view=spam&number=+14155550100&search=%20")), {
    view: "all",
    number: "+14155550100",
  });
});

Deno.test("filtersOf cuts a text off that is longer than the server accepts", () => {
  assert.equal(filtersOf(new URLSearchParams({ search: "x".repeat(400) })).search?.length, 200);
});

Deno.test("An empty list names its filter", () => {
  assert.equal(nothingListed({ view: "unread" }), "No unread conversations");
  assert.equal(nothingListed({ view: "unread", search: "ada" }), "No conversation matches “ada”");
  assert.equal(nothingListed({ view: "failed", tag: "VIP" }), "No conversations with these filters");
});
