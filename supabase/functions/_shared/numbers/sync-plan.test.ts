import assert from "node:assert/strict";
import fc from "fast-check";
import { type KnownNumber, type ListedNumber, planSync, type SyncStep } from "./sync-plan.ts";
import type { SmsWebhook } from "./webhook.ts";

const OURS: SmsWebhook = { smsUrl: "https://ours.test/inbound", smsMethod: "POST", smsApplicationSid: "" };
const TEXTS = { sms: true, mms: false, voice: false };

const known = (n: number, changes: Partial<KnownNumber> = {}): KnownNumber => ({
  id: `id-${n}`,
  phoneNumber: `+1500555010${n}`,
  phoneSid: `PN${n}`,
  friendlyName: `Line ${n}`,
  capabilities: TEXTS,
  status: "active",
  ...changes,
});
const listed = (n: number, changes: Partial<ListedNumber> = {}): ListedNumber => ({
  phoneNumber: `+1500555010${n}`,
  phoneSid: `PN${n}`,
  friendlyName: `Line ${n}`,
  capabilities: TEXTS,
  webhook: OURS,
  ...changes,
});
const summary = (steps: SyncStep[]) =>
  steps.map((step) => `${step.do} ${"number" in step ? step.number.phoneSid : step.phoneSid}`);

Deno.test("a plan without differences is empty", () => {
  assert.deepEqual(planSync([known(1), known(2)], [listed(2), listed(1)], OURS), []);
});

Deno.test("a number that appeared at Twilio is recorded, and its webhook is set to ours", () => {
  const stranger = listed(1, { webhook: { ...OURS, smsUrl: "" } });
  assert.deepEqual(planSync([], [stranger], OURS), [
    { do: "take-in", number: stranger },
    { do: "repair", number: stranger, drifted: ["smsUrl"] },
  ]);
});

Deno.test("our own purchase is recorded in its own row", () => {
  const purchase = known(1, { status: "purchasing", phoneSid: null });
  assert.deepEqual(planSync([purchase], [listed(1)], OURS), [
    { do: "record-purchase", numberId: "id-1", number: listed(1) },
  ]);
});

Deno.test("a changed name and changed capabilities are listed", () => {
  const renamed = listed(1, { friendlyName: "Desk", capabilities: { ...TEXTS, mms: true } });
  assert.deepEqual(planSync([known(1)], [renamed], OURS), [
    { do: "take-over", numberId: "id-1", number: renamed, changed: ["friendlyName", "capabilities"] },
  ]);
});

Deno.test("an application is drift, because it takes precedence over our webhook", () => {
  const diverted = listed(1, { webhook: { ...OURS, smsMethod: "GET", smsApplicationSid: "AP1" } });
  assert.deepEqual(planSync([known(1)], [diverted], OURS), [
    { do: "repair", number: diverted, drifted: ["smsMethod", "smsApplicationSid"] },
  ]);
});

Deno.test("a number that was released and bought again is released under its old SID, then recorded under its new one", () => {
  assert.deepEqual(summary(planSync([known(1)], [listed(1, { phoneSid: "PN9" })], OURS)), [
    "release PN1",
    "take-in PN9",
  ]);
});

Deno.test("purchases and releases in progress are left alone", () => {
  const underWay = [known(1, { status: "purchasing", phoneSid: null }), known(2, { status: "releasing" })];
  assert.deepEqual(planSync(underWay, [], OURS), []);
  const diverted = listed(2, { friendlyName: "Desk", webhook: { ...OURS, smsUrl: "" } });
  assert.deepEqual(planSync(underWay, [diverted], OURS), []);
  assert.deepEqual(planSync(underWay, [{ ...diverted, phoneSid: "PN9" }], OURS), []);
});

// Any rows beside any list ------------------------------------------------------------------------------------------------

const capabilities = fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()).map(([sms, mms, voice]) => ({
  sms,
  mms,
  voice,
}));
const name = fc.constantFrom("Desk", "Line", "Ada's");
const digit = fc.integer({ min: 1, max: 6 });
/** SIDs of numbers that were released and bought again differ from the first one's. */
const sidOf = (n: number, round: number) => `PN${n}${round}`;

const anyKnown = fc.uniqueArray(
  fc.record({
    n: digit,
    round: fc.integer({ min: 1, max: 2 }),
    status: fc.constantFrom("purchasing", "active", "releasing"),
    friendlyName: fc.option(name),
    capabilities,
  }),
  { selector: ({ n }) => n },
).map((rows): KnownNumber[] =>
  rows.map(({ n, round, status, ...rest }) =>
    known(n, {
      ...rest,
      status: status as KnownNumber["status"],
      phoneSid: status === "purchasing" ? null : sidOf(n, round),
    })
  )
);

const anyListed = fc.uniqueArray(
  fc.record({
    n: digit,
    round: fc.integer({ min: 1, max: 2 }),
    friendlyName: name,
    capabilities,
    webhook: fc.record({
      smsUrl: fc.constantFrom(OURS.smsUrl, "", "https://theirs.test"),
      smsMethod: fc.constantFrom("GET", "POST"),
      smsApplicationSid: fc.constantFrom("", "AP1"),
    }),
  }),
  { selector: ({ n }) => n },
).map((numbers) => numbers.map(({ n, round, ...rest }) => listed(n, { ...rest, phoneSid: sidOf(n, round) })));

/** What the steps come to: our rows and Twilio's list after them. */
function carriedOut(steps: readonly SyncStep[], rows: readonly KnownNumber[], list: readonly ListedNumber[]) {
  let after = { rows: [...rows], list: [...list] };
  for (const step of steps) after = carryOut(step, after);
  return after;
}

function carryOut(step: SyncStep, { rows, list }: { rows: KnownNumber[]; list: ListedNumber[] }) {
  const asListed = (id: string, { webhook: _, ...number }: ListedNumber): KnownNumber => ({
    ...number,
    id,
    status: "active",
  });
  switch (step.do) {
    case "release":
      return { rows: rows.filter(({ id }) => id !== step.numberId), list };
    case "take-in":
      return { rows: [...rows, asListed(step.number.phoneSid, step.number)], list };
    case "record-purchase":
    case "take-over":
      return { rows: rows.map((row) => row.id === step.numberId ? asListed(row.id, step.number) : row), list };
    case "repair":
      return {
        rows,
        list: list.map((one) => one.phoneSid === step.number.phoneSid ? { ...one, webhook: OURS } : one),
      };
  }
}

/** What a row and an entry of the list have in common, in order. */
const essence = (numbers: readonly (KnownNumber | ListedNumber)[]) =>
  numbers.map(({ phoneNumber, phoneSid, friendlyName, capabilities }) => [
    phoneNumber,
    phoneSid,
    friendlyName,
    capabilities,
  ]).sort(([left], [right]) => String(left) < String(right) ? -1 : 1);

Deno.test("after the steps our rows equal Twilio's list, every webhook is ours, and the plan is empty", () => {
  fc.assert(
    fc.property(anyKnown, anyListed, (rows, list) => {
      const after = carriedOut(planSync(rows, list, OURS), rows, list);
      const leaving = new Set(
        rows.filter(({ status }) => status === "releasing").map(({ phoneNumber }) => phoneNumber),
      );
      const stays = ({ phoneNumber }: { phoneNumber: string }) => !leaving.has(phoneNumber);
      const settled = after.rows.filter(({ status }) => status === "active");
      assert.deepEqual(essence(settled), essence(after.list.filter(stays)));
      assert.deepEqual(after.list.filter(stays).filter(({ webhook }) => webhook.smsUrl !== OURS.smsUrl), []);
      assert.deepEqual(planSync(after.rows, after.list, OURS), []);
    }),
    { numRuns: 500 },
  );
});

Deno.test("no row is recorded twice, and no number that is being released is recorded", () => {
  fc.assert(
    fc.property(anyKnown, anyListed, (rows, list) => {
      const steps = planSync(rows, list, OURS);
      const touched = steps.flatMap((step) => "numberId" in step ? [step.numberId] : []);
      assert.equal(new Set(touched).size, touched.length);
      const leaving = rows.filter(({ status }) => status === "releasing").map(({ id }) => id);
      assert.deepEqual(touched.filter((id) => leaving.includes(id)), []);
      const numbers = steps.flatMap((step) => step.do === "take-in" ? [step.number.phoneNumber] : []);
      assert.equal(new Set(numbers).size, numbers.length);
    }),
    { numRuns: 500 },
  );
});
