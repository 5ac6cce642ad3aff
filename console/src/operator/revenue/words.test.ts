import assert from "node:assert/strict";
import { Constants } from "../../../../supabase/functions/_shared/database.types.ts";
import {
  BILLING_STATES,
  KINDS,
  LOSS_REASONS,
  REJECTED_REASONS,
  UNBILLED_STATES,
  UNPAID_REASONS,
  type Words,
  wordsFor,
} from "./words.ts";

const MIGRATION = new URL("../../../../supabase/migrations/20261126000862_billing.sql", import.meta.url);

/** The values of a private enum, which the generated types do not have. */
async function valuesOf(name: string): Promise<string[]> {
  const sql = await Deno.readTextFile(MIGRATION);
  const [, list] = new RegExp(`create type private\\.${name} as enum \\(([^)]*)\\)`).exec(sql)!;
  return [...list!.matchAll(/'(\w+)'/g)].map(([, value]) => value!);
}

Deno.test("every reason, state and kind of usage has words, and no other has", async () => {
  const { usage_kind, unbilled_state, unpaid_reason } = Constants.public.Enums;
  const words: readonly (readonly [Readonly<Record<string, unknown>>, readonly string[]])[] = [
    [LOSS_REASONS, await valuesOf("loss_reason")],
    [REJECTED_REASONS, await valuesOf("billing_row_reason")],
    [BILLING_STATES, await valuesOf("billing_state")],
    [UNBILLED_STATES, unbilled_state],
    [UNPAID_REASONS, unpaid_reason],
    [KINDS, usage_kind],
  ];
  for (const [of, values] of words) assert.deepEqual(Object.keys(of).sort(), [...values].sort());
});

Deno.test("words are labels without a period and whole sentences, and an unknown value has some as well", () => {
  const all: Words[] = [LOSS_REASONS, REJECTED_REASONS, UNBILLED_STATES, UNPAID_REASONS].flatMap((of) =>
    Object.values(of)
  );
  for (const { label, meaning, next } of [...all, wordsFor(LOSS_REASONS, "some_new_reason")]) {
    assert.doesNotMatch(label, /\.$|_/);
    assert.match(meaning, /^[A-Z].*\.$/);
    assert.match(next, /^[A-Z].*\.$/);
  }
  assert.equal(wordsFor(LOSS_REASONS, "some_new_reason").label, "some new reason");
});
