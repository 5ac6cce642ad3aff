import assert from "node:assert/strict";
import fc from "fast-check";
import { actorInWords, factsOf, reasonOf } from "./audit-words.ts";

const ME = "3f2a91c0-0000-4000-8000-000000000000";

Deno.test("actorInWords names the operator who reads, other operators, tenants and parts of the system", () => {
  assert.equal(actorInWords(`operator:${ME}`, ME), "you");
  assert.equal(actorInWords("operator:77777777-0000-4000-8000-000000000000", ME), "operator 77777777");
  assert.equal(actorInWords("user:77777777-0000-4000-8000-000000000000", ME), "the tenant");
  assert.equal(actorInWords("converge", ME), "converge");
});

Deno.test("reasonOf and factsOf say everything of a line's details that is not empty, and the reason once", () => {
  fc.assert(fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (details) => {
    const names = Object.entries(details).filter(([name, value]) =>
      name !== "reason" && value !== null && value !== ""
    );
    assert.equal(factsOf({ details }).length, names.length);
    for (const [, value] of factsOf({ details })) assert.equal(typeof value, "string");
    assert.equal(reasonOf({ details }), typeof details["reason"] === "string" && details["reason"] || null);
  }));
  assert.deepEqual(
    factsOf({ details: { reason: "x", limits: { dailyMessageLimit: 50, markup: null }, before: null } }),
    [
      ["Limits", "Daily message limit 50"],
    ],
  );
});
