import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeForm, type Params } from "./api/form.ts";
import { mergeMetadata } from "./objects/metadata.ts";
import { previousAttributes } from "./objects/event.ts";
import { periodFrom } from "./objects/subscription.ts";
import { buildPrice } from "./objects/catalogue.ts";
import { newId } from "./objects/ids.ts";
import { escapeHtml } from "./pages/template.ts";

const name = fc.stringMatching(/^[a-z_]{1,8}$/);
const leaf = fc.string({ unit: "binary", maxLength: 12 });
const nested = fc.letrec<{ branch: unknown }>((tie) => ({
  branch: fc.dictionary(
    name,
    fc.oneof({ depthSize: "small", maxDepth: 3 }, leaf, fc.array(leaf, { minLength: 1, maxLength: 3 }), tie("branch")),
    { minKeys: 1, maxKeys: 4 },
  ),
})).branch;

/** Encodes parameters as Stripe's SDK does: `a[b]=x`, `a[0]=y`. */
function encode(value: unknown, key = ""): [string, string][] {
  if (typeof value === "string") return [[key, value]];
  return Object.entries(value as object).flatMap(([part, inner]) =>
    encode(inner, key === "" ? part : `${key}[${part}]`)
  );
}

/** Adds the prototypes that decoded objects lack, for deepEqual. */
const plain = (params: Params): unknown => JSON.parse(JSON.stringify(params));

Deno.test("Property: decodeForm restores nested parameters", () => {
  fc.assert(fc.property(nested, (params) => {
    assert.deepEqual(plain(decodeForm(new URLSearchParams(encode(params)))), plain(params as Params));
  }));
});

Deno.test("decodeForm keeps the order of lists with empty brackets", () => {
  assert.deepEqual(plain(decodeForm(new URLSearchParams("expand[]=b&expand[]=a"))), { expand: ["b", "a"] });
});

Deno.test("mergeMetadata removes a key for an empty value and all keys for an empty change", () => {
  assert.deepEqual(mergeMetadata({ a: "1", b: "2" }, { a: "", c: "3" }), { b: "2", c: "3" });
  assert.deepEqual(mergeMetadata({ a: "1" }, ""), {});
  assert.deepEqual(mergeMetadata({ a: "1" }, undefined), { a: "1" });
});

Deno.test("Property: previousAttributes contains the previous values of exactly the changed fields", () => {
  const flat = fc.dictionary(name, fc.oneof(fc.integer(), fc.string(), fc.constant(null)), { maxKeys: 5 });
  fc.assert(fc.property(flat, flat, (before, after) => {
    const previous = previousAttributes(before, after) ?? {};
    for (const field of new Set([...Object.keys(before), ...Object.keys(after)])) {
      const changed = JSON.stringify(before[field]) !== JSON.stringify(after[field]);
      assert.equal(field in previous, changed);
      if (changed) assert.equal(previous[field], before[field] ?? null);
    }
  }));
});

Deno.test("A monthly period keeps the day of the month, or ends on the last day", () => {
  const price = buildPrice({ product: "prod_1", unitAmount: "1", currency: "usd", interval: "month", created: 0 });
  const seconds = (iso: string) => Date.parse(iso) / 1000;
  assert.equal(periodFrom(seconds("2027-01-31T10:00:00Z"), price).end, seconds("2027-02-28T10:00:00Z"));
  assert.equal(periodFrom(seconds("2028-01-31T10:00:00Z"), price).end, seconds("2028-02-29T10:00:00Z"));
  assert.equal(periodFrom(seconds("2026-12-15T10:00:00Z"), price).end, seconds("2027-01-15T10:00:00Z"));
});

Deno.test("newId returns unique ids with Stripe's prefixes and lengths", () => {
  assert.match(newId("sub"), /^sub_1[0-9A-Za-z]{23}$/);
  assert.match(newId("cus"), /^cus_[0-9A-Za-z]{14}$/);
  assert.equal(new Set(Array.from({ length: 500 }, () => newId("evt"))).size, 500);
});

Deno.test("Property: escapeHtml returns no HTML special characters", () => {
  fc.assert(fc.property(fc.string(), (text) => !/[<>"']/.test(escapeHtml(text))));
});
