import assert from "node:assert/strict";
import fc from "fast-check";
import { searchSchema } from "../../../supabase/functions/_shared/numbers/search.ts";
import { COUNTRIES } from "./countries.ts";
import {
  criteriaOf,
  describeSearch,
  FEW,
  FIRST_SEARCH,
  MOST,
  SEARCH_RULES,
  type SearchFields,
} from "./number-search.ts";

const text = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.stringMatching(/^[ +]?[0-9A-Za-z*]{0,18} ?$/),
  fc.stringMatching(/^[0-9]{0,4}$/),
);
const fields: fc.Arbitrary<SearchFields> = fc.record({
  country: fc.constantFrom(...COUNTRIES.map(({ value }) => value)),
  type: fc.constantFrom("local", "mobile", "tollFree"),
  areaCode: text,
  contains: text,
  locality: fc.oneof(text, fc.string({ minLength: 99, maxLength: 103 })),
  mms: fc.boolean(),
  voice: fc.boolean(),
});

/** The query as the client sends it. */
const queryOf = (criteria: object) =>
  Object.fromEntries(Object.entries(criteria).map(([name, value]) => [name, String(value)]));

Deno.test("the form accepts exactly the searches that the server accepts", () => {
  fc.assert(
    fc.property(fields, (search) => {
      const faults = (["areaCode", "contains", "locality"] as const).filter((name) =>
        SEARCH_RULES[name](search[name], search)
      );
      const parsed = searchSchema.safeParse(queryOf(criteriaOf(search, FEW)));
      assert.equal(parsed.success, faults.length === 0, `${JSON.stringify(search)}: ${faults} ${parsed.error}`);
    }),
    { numRuns: 2_000 },
  );
  assert.ok(searchSchema.safeParse({ limit: MOST }).success && !searchSchema.safeParse({ limit: MOST + 1 }).success);
});

Deno.test("a search leaves out what does not apply: an area code outside of local US and Canadian numbers, a city of mobile ones", () => {
  const entered = { ...FIRST_SEARCH, areaCode: "415", locality: " Oakland ", contains: "" };
  assert.deepEqual(criteriaOf(entered, FEW), {
    country: "US",
    type: "local",
    limit: 20,
    areaCode: "415",
    locality: "Oakland",
  });
  assert.deepEqual(criteriaOf({ ...entered, type: "mobile" }, FEW), { country: "US", type: "mobile", limit: 20 });
  assert.deepEqual(criteriaOf({ ...entered, country: "DE", voice: true }, MOST), {
    country: "DE",
    type: "local",
    limit: 50,
    locality: "Oakland",
    voice: true,
  });
});

Deno.test("describeSearch names what was searched for", () => {
  assert.equal(
    describeSearch({ country: "US", type: "local", areaCode: "415" }),
    "local numbers in United States with the area code 415",
  );
  assert.equal(
    describeSearch({ country: "CA", type: "local", locality: "Toronto", contains: "77", mms: true }),
    "local numbers in Toronto, Canada with “77”, MMS",
  );
  assert.equal(describeSearch({ country: "DE", type: "mobile" }), "mobile numbers in Germany");
});
