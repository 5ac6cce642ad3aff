import assert from "node:assert/strict";
import fc from "fast-check";
import { type CampaignDraft, changed, draftFrom, emptyDraft, firstOpenStep, requestOf, timeProblem } from "./draft.ts";
import { recipientsOf } from "./recipients.ts";

const source = fc.oneof(
  fc.constant(null),
  fc.record({ kind: fc.constant("file" as const), name: fc.string() }),
  fc.constant({ kind: "pasted" as const }),
  fc.record({ kind: fc.constant("contacts" as const), tag: fc.option(fc.string()) }),
);
const hour = fc.constantFrom("00:00", "08:30", "20:00");
const draft: fc.Arbitrary<CampaignDraft> = fc.record({
  key: fc.uuid(),
  source,
  hasHeading: fc.boolean(),
  numberColumn: fc.option(fc.nat(5)),
  country: fc.option(fc.constantFrom("US", "DE")),
  name: fc.string(),
  body: fc.string(),
  blanks: fc.constantFrom("leave-out" as const, "send" as const),
  from: fc.option(fc.constant("+14155550100")),
  sendAt: fc.option(fc.constant("2026-12-01T09:00:00.000Z")),
  window: fc.option(fc.record({ from: hour, to: hour, days: fc.constant(["mon"] as ("mon")[]) })),
  isUnanswered: fc.boolean(),
  sentAs: fc.option(fc.uuid()),
}).map((value) => structuredClone(value));

Deno.test("a stored draft is read as it was, and anything else is none", () => {
  fc.assert(fc.property(draft, (value) => {
    assert.deepEqual(draftFrom(structuredClone(value)), value);
  }));
  fc.assert(
    fc.property(draft, fc.constantFrom(...Object.keys(emptyDraft()) as (keyof CampaignDraft)[]), (value, name) => {
      const { [name]: _, ...rest } = value;
      assert.equal(draftFrom(rest), null);
    }),
  );
  fc.assert(fc.property(fc.anything(), (value) => {
    assert.equal(draftFrom(value), null);
  }));
});

Deno.test("every change has a new key, and an unchanged draft makes the same request", () => {
  const ready = (value: CampaignDraft) => {
    const columns = ["Phone"];
    return {
      draft: value,
      columns,
      recipients: recipientsOf([{ line: 1, cells: ["+14155550101"] }], columns, 0, "send"),
    };
  };
  fc.assert(fc.property(draft, fc.string(), (value, body) => {
    const after = changed(value, { body });
    assert.notEqual(after.key, value.key);
    assert.deepEqual([after.isUnanswered, after.sentAs], [false, null]);
    assert.deepEqual(requestOf(ready(value), "US"), requestOf(ready(draftFrom(structuredClone(value))!), "US"));
    const request = requestOf(ready(value), undefined);
    assert.equal((request.delaySeconds === undefined) === (request.scheduledAt === undefined), false);
  }));
});

Deno.test("a draft opens at the first step that is not complete", () => {
  const columns = ["Phone", "Name"];
  const recipients = recipientsOf([{ line: 2, cells: ["+14155550101", "Ada"] }], columns, 0, "send");
  const open = (draft: CampaignDraft) => firstOpenStep({ draft, columns, recipients });
  const empty = emptyDraft();
  assert.equal(open(empty), "recipients");
  const listed = changed(empty, { source: { kind: "pasted" }, numberColumn: 0 });
  assert.equal(open(listed), "message");
  for (const body of [" ", "Hi {{Unknown}}", "Hi {{Name", "Hi {{}}"]) {
    assert.equal(open(changed(listed, { body })), "message");
  }
  const written = changed(listed, { body: "Hi {{Name}}" });
  assert.equal(open(written), "review");
  assert.equal(open(changed(written, { sendAt: "2020-01-01T00:00:00Z" })), "schedule");
  assert.equal(open(changed(written, { window: { from: "09:00", to: "09:00" } })), "schedule");
  assert.equal(timeProblem(new Date(70 * 86_400_000).toISOString(), 0), "Choose a time within the next 60 days");
});
