import assert from "node:assert/strict";
import fc from "fast-check";
import { withValidity } from "./in-force.ts";

const TODAY = "2026-11-27";
const price = fc.record({
  key: fc.constantFrom("US sms", "US mms", "DE sms"),
  validFrom: fc.constantFrom("2020-01-01", "2026-11-26", TODAY, "2026-11-28", "2030-01-01"),
}, { noNullPrototype: true });
const prices = fc.uniqueArray(price, { selector: ({ key, validFrom }) => `${key} ${validFrom}` });

Deno.test("of the prices of a key at most one applies: the latest that is not in the future", () => {
  fc.assert(fc.property(prices, (prices) => {
    const all = withValidity(prices, ({ key }) => key, TODAY);
    assert.deepEqual(all.map(({ key, validFrom }) => ({ key, validFrom })), prices);
    for (const [, group] of Map.groupBy(all, ({ key }) => key)) {
      const past = group.filter(({ validFrom }) => validFrom <= TODAY).map(({ validFrom }) => validFrom).sort();
      assert.deepEqual(
        group.filter(({ validity }) => validity === "now").map(({ validFrom }) => validFrom),
        past.slice(-1),
      );
      assert.ok(group.every(({ validity, validFrom }) => (validity === "later") === (validFrom > TODAY)));
    }
  }));
});
