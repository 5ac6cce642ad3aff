import assert from "node:assert/strict";
import fc from "fast-check";
import { Constants } from "../../../../supabase/functions/_shared/database.types.ts";
import {
  ALERT_KINDS,
  ALERT_STATES,
  type AlertFilter,
  alertFilterOf,
  alertQueryOf,
  LISTED,
  placeOf,
  stateOf,
} from "./alert-kinds.ts";

Deno.test("every kind of alert has words of its own that say what it means and what to do", () => {
  const kinds = Constants.public.Enums.alert_kind;
  assert.deepEqual(Object.keys(ALERT_KINDS).sort(), [...kinds].sort());
  const titles = new Set(kinds.map((kind) => ALERT_KINDS[kind].title));
  assert.equal(titles.size, kinds.length);
  for (const kind of kinds) {
    const { title, subject, meaning, next } = ALERT_KINDS[kind];
    for (const text of [title, subject]) assert.match(text, /^[A-Z][^.]+[^.]$/, `${kind}: ${text}`);
    for (const text of [meaning, next]) assert.match(text, /^[A-Z].{15,}\.$/, `${kind}: ${text}`);
    assert.ok(!/master/i.test(title + meaning + next), kind);
  }
});

Deno.test("an alert of a reconciliation leads to the days of its account", () => {
  const path = "/operator/reports/reconciliation";
  assert.equal(placeOf({ kind: "reconciliation", details: { accountSid: "AC1" } })?.path, `${path}?account=AC1`);
  assert.equal(placeOf({ kind: "reconciliation", details: {} })?.path, path);
  assert.equal(placeOf({ kind: "dead_letter", details: { accountSid: "AC1" } })?.path, "/operator/queues");
});

Deno.test("every filter is read from its address, and any other text is the open alerts of all kinds", () => {
  const kinds = Constants.public.Enums.alert_kind;
  const filter: fc.Arbitrary<AlertFilter> = fc.record({
    state: fc.constantFrom(...ALERT_STATES),
    kind: fc.constantFrom(undefined, ...kinds),
  });
  fc.assert(fc.property(filter, (given) => {
    assert.deepEqual(alertFilterOf(new URLSearchParams(alertQueryOf(given))), { ...given });
  }));
  assert.deepEqual(alertQueryOf(alertFilterOf(new URLSearchParams())), {});
  fc.assert(fc.property(fc.string(), fc.string(), (state, kind) => {
    const read = alertFilterOf(new URLSearchParams({ state, kind }));
    assert.ok(ALERT_STATES.includes(read.state) && (read.kind === undefined || kinds.includes(read.kind)));
  }));
});

Deno.test("an alert is in exactly one state, and the list of that state exists at the server", () => {
  const time = fc.option(fc.constant("2026-11-02T10:00:00Z"));
  fc.assert(fc.property(time, time, (settledAt, acknowledgedAt) => {
    const state = stateOf({ settledAt, acknowledgedAt });
    assert.equal(state === "settled", settledAt !== null);
    assert.equal(state === "acknowledged", settledAt === null && acknowledgedAt !== null);
    assert.ok(Constants.public.Enums.alert_state.includes(LISTED[state]));
  }));
});
