import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type Account,
  type AccountStatus,
  keeperOf,
  type Leaving,
  plan,
  type Situation,
  type Step,
  type Stored,
  suspendedByHand,
  type Wanted,
} from "./plan.ts";

const NOW = new Date("2026-11-22T12:00:00Z");
const SETTLE_MS = 60_000;
const nothingStored: Stored = {
  subaccountSid: null,
  status: "pending",
  hasToken: false,
  appliedStatus: null,
  intendedStatus: null,
  createAttemptedAt: null,
};
const account = (sid: string, changes: Partial<Account> = {}): Account => ({
  sid,
  status: "active",
  createdAt: NOW,
  numbers: 0,
  ...changes,
});
const situation = (changes: Partial<Situation>): Situation => ({
  wanted: "active",
  leaving: "close",
  stored: nothingStored,
  accounts: [],
  now: NOW,
  settleMs: SETTLE_MS,
  ...changes,
});
const stored = (sid: string, changes: Partial<Stored> = {}): Stored => ({
  ...nothingStored,
  subaccountSid: sid,
  status: "active",
  hasToken: true,
  appliedStatus: "active",
  ...changes,
});

Deno.test("an account is created for a tenant without one, and only when one is wanted", () => {
  assert.deepEqual(plan(situation({})), [{ do: "create" }]);
  for (const wanted of ["suspended", "closed", "none"] as const) assert.deepEqual(plan(situation({ wanted })), []);
});

Deno.test("nothing is created while an earlier creation may still appear at Twilio", () => {
  const attempted = (secondsAgo: number) =>
    situation({ stored: { ...nothingStored, createAttemptedAt: new Date(NOW.getTime() - secondsAgo * 1000) } });
  assert.deepEqual(plan(attempted(59)).map((step) => step.do), ["wait"]);
  assert.deepEqual(plan(attempted(60)), [{ do: "create" }]);
});

Deno.test("a creation that may still appear is waited for even when no account is wanted, and forgotten after that", () => {
  for (const wanted of ["suspended", "closed", "none"] as const) {
    const attempted = (secondsAgo: number) => {
      const createAttemptedAt = new Date(NOW.getTime() - secondsAgo * 1000);
      return situation({ wanted, stored: { ...nothingStored, createAttemptedAt } });
    };
    assert.deepEqual(plan(attempted(59)).map((step) => step.do), ["wait"]);
    assert.deepEqual(plan(attempted(60)), [{ do: "forget-attempt" }]);
  }
});

Deno.test("an orphan with the tenant's name is adopted", () => {
  assert.deepEqual(plan(situation({ accounts: [account("AC1")] })), [{ do: "adopt", sid: "AC1" }]);
});

Deno.test("of several accounts the oldest with numbers is kept, otherwise the oldest", () => {
  const old = account("AC1", { createdAt: new Date(1) });
  const middle = account("AC2", { createdAt: new Date(2), numbers: 1 });
  const young = account("AC3", { createdAt: new Date(3), numbers: 5 });
  const closed = (accounts: Account[]) =>
    plan(situation({ accounts })).filter((step) => step.do === "close-duplicate").map((step) => step.sid);
  assert.deepEqual(closed([old, middle, young]), ["AC1", "AC3"]);
  assert.deepEqual(closed([old, { ...middle, numbers: 0 }, young]), ["AC1", "AC2"]);
  assert.deepEqual(closed([account("AC9", { createdAt: new Date(2) }), old]), ["AC9"]);
});

Deno.test("a suspension made at Twilio is recorded and kept", () => {
  const accounts = [account("AC1", { status: "suspended" })];
  assert.deepEqual(plan(situation({ accounts, stored: stored("AC1") })), [{
    do: "record-status",
    sid: "AC1",
    status: "suspended",
    byHand: true,
  }]);
  assert.deepEqual(plan(situation({ accounts, stored: stored("AC1", { status: "suspended" }) })), []);
});

Deno.test("a suspension made at Twilio outlasts a suspension of ours", () => {
  const accounts = [account("AC1", { status: "suspended" })];
  assert.deepEqual(
    plan(situation({ wanted: "suspended", accounts, stored: stored("AC1", { status: "suspended" }) })),
    [],
  );
  assert.deepEqual(plan(situation({ wanted: "closed", accounts, stored: stored("AC1", { status: "suspended" }) })), [{
    do: "set-status",
    sid: "AC1",
    status: "closed",
  }]);
});

Deno.test("a suspended account whose numbers are to leave is opened, emptied, and then closed", () => {
  const closing = (status: AccountStatus, leaving: Leaving) =>
    plan(situation({
      wanted: "closed",
      leaving,
      accounts: [account("AC1", { status })],
      stored: stored("AC1", { status: "suspended", appliedStatus: status }),
    }));
  assert.deepEqual(closing("suspended", "leave"), [{ do: "open-to-leave", sid: "AC1" }]);
  assert.deepEqual(closing("active", "leave"), [{ do: "leave-numbers", sid: "AC1" }]);
  assert.deepEqual(closing("active", "wait"), [{ do: "set-status", sid: "AC1", status: "suspended" }]);
  assert.deepEqual(closing("suspended", "wait"), []);
  assert.deepEqual(closing("active", "close"), [{ do: "set-status", sid: "AC1", status: "closed" }]);
});

Deno.test("our own suspension that was not recorded is lifted when the tenant is entitled again", () => {
  const accounts = [account("AC1", { status: "suspended" })];
  const halfDone = stored("AC1", { intendedStatus: "suspended" });
  assert.deepEqual(plan(situation({ accounts, stored: halfDone })), [{
    do: "set-status",
    sid: "AC1",
    status: "active",
  }]);
});

Deno.test("an account resumed at Twilio against our suspension is suspended again", () => {
  const accounts = [account("AC1")];
  const ours = stored("AC1", { status: "suspended", appliedStatus: "suspended" });
  assert.deepEqual(plan(situation({ wanted: "suspended", accounts, stored: ours })), [{
    do: "set-status",
    sid: "AC1",
    status: "suspended",
  }]);
});

Deno.test("a stored account that is closed at Twilio is recorded as closed, and then replaced when one is wanted", () => {
  const accounts = [account("AC1", { status: "closed" })];
  const recorded: Step = { do: "record-status", sid: "AC1", status: "closed", byHand: true };
  assert.deepEqual(plan(situation({ wanted: "suspended", accounts, stored: stored("AC1") })), [recorded]);
  assert.deepEqual(plan(situation({ accounts, stored: stored("AC1") })), [recorded]);
  assert.deepEqual(plan(situation({ accounts, stored: stored("AC1", { status: "closed" }) })), [{ do: "create" }]);
});

/** A model of Twilio and the database: enough to execute plans until they are empty. */
function run(start: Situation): Situation {
  let { stored, accounts } = start;
  for (let round = 0; round < 8; round++) {
    const steps = plan({ ...start, leaving: leavingOf(stored, accounts), stored, accounts });
    if (steps.length === 0 || steps[0]?.do === "wait") return { ...start, stored, accounts };
    for (const step of steps) ({ stored, accounts } = apply(step, stored, accounts));
  }
  throw new Error("The plan never became empty");
}

/** What `decideLeaving` answers for these numbers, when notice of all of them was given. */
function leavingOf(stored: Stored, accounts: readonly Account[]): Leaving {
  const keeper = keeperOf(accounts);
  if (keeper === undefined) return "close";
  if (keeper.sid !== stored.subaccountSid) return "wait";
  if (keeper.numbers === 0) return "close";
  return suspendedByHand(stored, keeper) ? "wait" : "leave";
}

function apply(step: Step, stored: Stored, accounts: readonly Account[]) {
  const status = (sid: string, to: AccountStatus) =>
    accounts.map((one) => (one.sid === sid ? { ...one, status: to } : one));
  const own = (sid: string, to: AccountStatus, applied: AccountStatus | null): Stored => ({
    ...stored,
    subaccountSid: sid,
    status: to,
    hasToken: true,
    appliedStatus: applied,
    intendedStatus: null,
    createAttemptedAt: null,
  });
  switch (step.do) {
    case "wait":
      return { stored, accounts };
    case "forget-attempt":
      return { stored: { ...stored, createAttemptedAt: null }, accounts };
    case "create":
      return { stored: own("NEW", "active", "active"), accounts: [...accounts, account("NEW")] };
    case "adopt": {
      const adopted = accounts.find(({ sid }) => sid === step.sid)!;
      return {
        stored: own(
          step.sid,
          adopted.status,
          stored.subaccountSid === step.sid ? stored.appliedStatus : adopted.status === "active" ? "active" : null,
        ),
        accounts,
      };
    }
    case "close-duplicate":
      return { stored, accounts: status(step.sid, "closed") };
    case "open-to-leave":
      assert.ok(
        !suspendedByHand(stored, accounts.find(({ sid }) => sid === step.sid)!),
        "reactivated against the console",
      );
      return { stored: own(step.sid, "active", "active"), accounts: status(step.sid, "active") };
    case "leave-numbers":
      return { stored, accounts: accounts.map((one) => (one.sid === step.sid ? { ...one, numbers: 0 } : one)) };
    case "set-status":
      if (step.status === "closed") {
        assert.equal(accounts.find(({ sid }) => sid === step.sid)!.numbers, 0, "closed with numbers");
      }
      return { stored: own(step.sid, step.status, step.status), accounts: status(step.sid, step.status) };
    case "record-status":
      return { stored: own(step.sid, step.status, step.byHand ? stored.appliedStatus : step.status), accounts };
  }
}

const statuses = fc.constantFrom<AccountStatus>("active", "suspended", "closed");
const maybe = fc.option(statuses, { nil: null });
const sids = fc.constantFrom("AC1", "AC2", "AC3");
const situations: fc.Arbitrary<Situation> = fc.record({
  wanted: fc.constantFrom<Wanted>("active", "suspended", "closed", "none"),
  leaving: fc.constant<Leaving>("close"),
  stored: fc.record({
    subaccountSid: fc.option(sids, { nil: null }),
    status: fc.constantFrom("pending" as const, "active" as const, "suspended" as const, "closed" as const),
    hasToken: fc.boolean(),
    appliedStatus: maybe,
    intendedStatus: maybe,
    createAttemptedAt: fc.option(fc.constantFrom(NOW, new Date(0)), { nil: null }),
  }),
  accounts: fc.uniqueArray(
    fc.record({
      sid: sids,
      status: statuses,
      createdAt: fc.constantFrom(new Date(1), new Date(2)),
      numbers: fc.nat(2),
    }),
    { selector: ({ sid }) => sid },
  ),
  now: fc.constant(NOW),
  settleMs: fc.constant(SETTLE_MS),
});

Deno.test("from any situation the plan ends with at most one open account, and the right one stored", () => {
  fc.assert(
    fc.property(situations, (start) => {
      const end = run(start);
      const open = end.accounts.filter(({ status }) => status !== "closed");
      assert.ok(open.length <= 1);
      const [only] = open;
      if (only !== undefined) {
        assert.deepEqual([end.stored.subaccountSid, end.stored.status, end.stored.hasToken], [
          only.sid,
          only.status,
          true,
        ]);
      }
      if (start.wanted === "active" && only === undefined) assert.equal(plan(end)[0]?.do, "wait");
      if (start.wanted !== "active") assert.ok(only === undefined || only.status === "suspended");
      // A suspension made in Twilio's console is never lifted, also not to let the numbers leave.
      if (start.wanted === "closed" && only !== undefined) {
        assert.ok(only.numbers > 0 && suspendedByHand(end.stored, only));
      }
    }),
    { numRuns: 5000 },
  );
});
