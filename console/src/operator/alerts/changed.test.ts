import assert from "node:assert/strict";
import fc from "fast-check";
import { Constants } from "../../../../supabase/functions/_shared/database.types.ts";
import { changedInWords } from "./changed.ts";

const of = (...states: ("acknowledged" | "settled" | "not_found")[]) => ({
  alerts: states.map((state) => ({ alertId: crypto.randomUUID(), state })),
});

Deno.test("a change of several alerts says how many changed, and what became of the others", () => {
  assert.equal(changedInWords(of("acknowledged"), "acknowledged"), "1 alert is acknowledged");
  assert.equal(
    changedInWords(of("settled", "settled", "not_found"), "settled"),
    "2 alerts are settled, 1 no longer exists",
  );
  assert.equal(
    changedInWords(of("acknowledged", "acknowledged", "settled"), "acknowledged"),
    "2 alerts are acknowledged, 1 was settled before",
  );
  assert.equal(changedInWords(of("not_found"), "settled"), "1 no longer exists");
});

Deno.test("the numbers of a change add up to its alerts", () => {
  const states = fc.array(fc.constantFrom(...Constants.public.Enums.changed_alert), { minLength: 1, maxLength: 200 });
  fc.assert(fc.property(states, (all) => {
    const text = changedInWords(of(...all), "acknowledged");
    assert.equal([...text.matchAll(/\d+/g)].reduce((sum, [digits]) => sum + Number(digits), 0), all.length);
  }));
});
