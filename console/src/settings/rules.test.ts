import assert from "node:assert/strict";
import fc from "fast-check";
import { type MessagingSettings, SwitchboardError } from "../../../client/switchboard.ts";
import { settingsChangeSchema } from "../../../supabase/functions/_shared/messages/settings.ts";
import {
  changedFields,
  changeOf,
  type Draft,
  draftOf,
  edited,
  editingOf,
  FIELDS,
  isShortened,
  problemsOf,
  problemsOfError,
  rebased,
  saved,
} from "./rules.ts";

const reply = fc.constantFrom(null, "Bye", "Hello", "Call us");
const settings = fc.record({
  stopReply: reply,
  startReply: reply,
  helpReply: reply,
  allowedCountries: fc.option(fc.uniqueArray(fc.constantFrom("US", "DE", "FR"), { minLength: 1 })),
  retentionDays: fc.option(fc.integer({ min: 1, max: 3650 })),
  version: fc.nat(1000),
}, { noNullPrototype: true });
const draft: fc.Arbitrary<Draft> = fc.record({
  stopReply: fc.oneof(fc.constantFrom("", " ", "Bye", "\u200b", "a\u000bb", "x".repeat(1601)), fc.string()),
  startReply: fc.constantFrom("", "Hello "),
  helpReply: fc.string(),
  allowedCountries: fc.option(fc.uniqueArray(fc.constantFrom("US", "DE", "FR"))),
  retentionDays: fc.option(fc.oneof(fc.integer({ min: -1, max: 4000 }), fc.constantFrom(1.5, "" as const))),
});
const newer = (one: MessagingSettings, other: MessagingSettings) => ({ ...other, version: one.version + 1 });

Deno.test("a draft has problems exactly where the API refuses it", () => {
  fc.assert(fc.property(draft, (draft) => {
    const refused = settingsChangeSchema.safeParse(
      // An empty field of the retention is sent by no form.
      { ...changeOf(draft, 0), ...(draft.retentionDays === "" && { retentionDays: 0 }) },
    ).error?.issues.map(({ path }) => path[0]) ?? [];
    assert.deepEqual(new Set(Object.keys(problemsOf(draft))), new Set(refused));
  }));
});

Deno.test("settings differ from themselves in no field, whatever spaces and order they have", () => {
  fc.assert(fc.property(settings, (settings) => {
    const draft = draftOf(settings);
    const same = {
      ...draft,
      helpReply: ` ${draft.helpReply}\n`,
      allowedCountries: draft.allowedCountries?.toReversed() ?? null,
    };
    assert.deepEqual(changedFields(draft, same), []);
    assert.deepEqual(changeOf(draft, settings.version), settings);
  }));
});

Deno.test("what was saved elsewhere shows in unchanged fields, and the user's own changes stay and are conflicts", () => {
  fc.assert(fc.property(settings, settings, settings, (base, mine, others) => {
    const next = newer(base, others);
    const before = edited(editingOf(base), draftOf(mine));
    const { draft, conflicts, base: begun } = rebased(before, next);
    assert.equal(begun, next);
    for (const field of FIELDS) {
      const isOwn = changedFields(draftOf(base), draftOf(mine)).includes(field);
      const isElsewhere = changedFields(draftOf(base), draftOf(next)).includes(field);
      const isOther = changedFields(draftOf(mine), draftOf(next)).includes(field);
      assert.deepEqual(draft[field], isOwn ? draftOf(mine)[field] : draftOf(next)[field], field);
      assert.equal(conflicts.includes(field), isOwn && isElsewhere && isOther, field);
    }
  }));
});

Deno.test("a conflict lasts until the field is saved, or equals what was saved elsewhere", () => {
  fc.assert(fc.property(settings, settings, settings, (base, mine, others) => {
    const next = newer(base, others);
    const merged = rebased(edited(editingOf(base), draftOf(mine)), next);
    // Read again with a change of another field.
    const later = rebased(merged, { ...next, version: next.version + 1 });
    assert.deepEqual(later.conflicts, merged.conflicts);
    assert.deepEqual(edited(merged, draftOf(next)).conflicts, []);
    const stored = { ...others, ...changeOf(merged.draft, next.version), version: next.version + 1 };
    assert.deepEqual(saved(merged, merged.draft, stored), { base: stored, draft: draftOf(stored), conflicts: [] });
  }));
});

Deno.test("older settings, which a slow read returns, change nothing", () => {
  fc.assert(fc.property(settings, settings, (base, others) => {
    const editing = editingOf(base);
    assert.equal(rebased(editing, { ...others, version: Math.min(base.version, others.version) }), editing);
  }));
});

Deno.test("what is typed while a save is on its way is not lost, and is still to be saved", () => {
  fc.assert(fc.property(settings, settings, (base, mine) => {
    const sent = edited(editingOf(base), draftOf(mine));
    const typed = edited(sent, { helpReply: "Typed later" });
    const stored = newer(base, mine);
    const { draft, base: begun } = saved(typed, sent.draft, stored);
    assert.equal(draft.helpReply, "Typed later");
    assert.deepEqual(changedFields(draftOf(begun), draft), ["helpReply"]);
  }));
});

Deno.test("a retention is shortened when texts are deleted that would have been kept", () => {
  const cases: [number | null, number | "" | null, boolean][] = [
    [null, 30, true],
    [90, 30, true],
    [30, 90, false],
    [30, 30, false],
    [30, null, false],
    [null, null, false],
    [30, "", false],
  ];
  for (const [before, after, expected] of cases) {
    const base = { ...draftOf(NOTHING), ...NOTHING, retentionDays: before };
    assert.equal(isShortened(base, { ...draftOf(NOTHING), retentionDays: after }), expected, `${before} to ${after}`);
  }
});

Deno.test("what the server does not accept is a problem of its field, and other errors are of none", () => {
  const refusal = (code: "invalid_input" | "rate_limited") =>
    new SwitchboardError({
      status: 400,
      code,
      message: "",
      details: [{ field: "allowedCountries.3", message: "must be a country" }, { field: "other", message: "no" }],
    });
  assert.deepEqual(problemsOfError(refusal("invalid_input")), {
    allowedCountries: "The server did not accept this: must be a country",
  });
  assert.deepEqual([problemsOfError(refusal("rate_limited")), problemsOfError(new Error("no"))], [{}, {}]);
});

const NOTHING: MessagingSettings = {
  stopReply: null,
  startReply: null,
  helpReply: null,
  allowedCountries: null,
  retentionDays: null,
  version: 0,
};
