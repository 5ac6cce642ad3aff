import assert from "node:assert/strict";
import fc from "fast-check";
import { COUNTRIES } from "../../../supabase/functions/_shared/numbers/countries.ts";
import { isIn, isReachable, MOTHER_OF, offeredBy, type PlanCountries, unreachableOf } from "./countries.ts";

const country = fc.constantFrom("US", "GU", "PR", "GB", "GG", "DE", "FR");
const list = fc.uniqueArray(country);
const plan: fc.Arbitrary<PlanCountries> = fc.record({ allowed: fc.option(list), excluded: list });

Deno.test("a territory belongs to the country that the database names", async () => {
  const path = new URL("../../../supabase/migrations/20261126000400_plans_and_subscriptions.sql", import.meta.url);
  const body = /create function private\.mother_country[^]*?end;/.exec(await Deno.readTextFile(path))![0];
  const pairs = [...body.matchAll(/p_country (?:in \(([^)]*)\)|= ('\w\w')) then '(\w\w)'/g)].flatMap((
    [, many, one, mother],
  ) => [...(many ?? one)!.matchAll(/'(\w\w)'/g)].map(([, territory]) => [territory!, mother!]));
  assert.ok(pairs.length > 10);
  assert.deepEqual(MOTHER_OF, Object.fromEntries(pairs));
});

Deno.test("a list reaches what the database lets it reach", () => {
  // The cases of 64-sending-limits.test.sql.
  const cases: [string | null, string[] | null, string[] | null, boolean][] = [
    ["DE", ["US", "DE"], null, true],
    ["FR", ["US", "DE"], null, false],
    ["FR", null, null, true],
    ["FR", [], null, false],
    ["DE", ["US", "DE"], ["US"], false],
    ["FR", ["US", "DE"], ["US", "FR"], false],
    [null, null, ["US"], false],
    [null, null, null, true],
    ["GG", ["GB"], null, true],
    ["GB", ["GG"], null, false],
    ["GG", ["GB"], ["GG"], true],
  ];
  for (const [country, allowed, own, expected] of cases) {
    assert.equal(isReachable(country, { allowed, excluded: [] }, own), expected, `${country} ${allowed} ${own}`);
  }
  assert.equal(isReachable("GG", { allowed: ["GB"], excluded: ["GG"] }, null), false);
  assert.equal(isReachable("GG", { allowed: ["GB", "GG"], excluded: ["GG"] }, null), true);
});

Deno.test("every country that is offered is reached once it is chosen, and no other is", () => {
  fc.assert(fc.property(plan, country, (plan, country) => {
    assert.equal(offeredBy(plan).includes(country), isReachable(country, plan, [country]));
  }));
  assert.equal(offeredBy({ allowed: null, excluded: [] }).length, COUNTRIES.size);
});

Deno.test("each conversation that cannot be answered is counted once, with its country", () => {
  fc.assert(fc.property(fc.array(fc.option(country)), plan, fc.option(list), (countries, plan, own) => {
    const found = unreachableOf(countries, plan, own);
    const total = found.reduce((sum, { conversations }) => sum + conversations, 0);
    assert.equal(total, countries.filter((country) => !isReachable(country, plan, own)).length);
    assert.ok(
      found.every(({ country }) => own === null || !isIn(country, own, plan.excluded) || plan.allowed !== null),
    );
  }));
});
