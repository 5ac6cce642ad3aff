import assert from "node:assert/strict";
import fc from "fast-check";
import type { Usage } from "../../../client/switchboard.ts";
import { billingOf } from "../billing/use-billing.ts";
import type { Plan, Subscription } from "../billing/subscription.ts";
import type { Account, Subaccount } from "../subaccount/account.ts";
import { isChanging } from "../subaccount/account.ts";
import { type AccountFacts, type AccountState, accountState } from "./account-state.ts";
import type { Notice } from "../subaccount/notices.ts";

const NOW = new Date("2026-11-27T12:00:00Z");
const PLANS: Plan[] = [
  ["fallback", "Shared numbers of the master account", 0],
  ["free", "Own subaccount without a subscription", 3],
  ["team", "Team", 5],
  ["scale", "Scale", 25],
].map(([key, name, numbers], rank) => ({
  key: String(key),
  name: String(name),
  rank,
  superseded_at: null,
  max_numbers: Number(numbers),
  daily_message_limit: 100,
  monthly_message_limit: 500,
  entitle_while_pending: false,
}));

function subaccount(fields: Partial<Subaccount> = {}): Subaccount {
  return {
    provisioned: true,
    status: "active",
    subaccountSid: "AC1",
    friendlyName: "switchboard:7f1a2a54-1111-4000-8000-000000000001",
    createdAt: "2026-01-01T00:00:00Z",
    heldByOperator: false,
    suspendsAt: null,
    numbersReleasedAt: null,
    ...fields,
  };
}

function subscription(fields: Partial<Subscription> = {}): Subscription {
  return {
    id: "sub_1",
    origin: "metadata",
    plan_key: "team",
    status: "active",
    first_payment_pending: false,
    current_period_end: "2026-12-20T00:00:00Z",
    cancel_at: null,
    past_due_since: null,
    ended_at: null,
    created_at: "2026-01-01T00:00:00Z",
    ...fields,
  };
}

interface Limits {
  spent?: number;
  day?: number;
  month?: number;
}

function usage({ spent = 0, day = 0, month = 0 }: Limits = {}): Usage {
  const period = {
    from: "2026-11-01",
    until: "2026-12-01",
    plan: "team",
    currency: "USD",
    price: spent,
    forecast: null,
  };
  return {
    by: "period",
    from: "2026-11-01",
    until: "2026-12-01",
    usage: [],
    totals: [],
    prices: [],
    period: { ...period, limit: 20, left: 20 - spent },
    messages: { day: { limit: 100, left: 100 - day }, month: { limit: 500, left: 500 - month } },
    freshness: { estimatedMessages: 0, feesReadAt: null, feesFinalUntil: null },
  };
}

interface Given extends Partial<Omit<AccountFacts, "billing" | "plans" | "now">> {
  subscriptions?: Subscription[];
}

function stateOf({ subscriptions = [], ...given }: Given): AccountState {
  const account: Account = { subaccount: given.subaccount ?? subaccount(), subscriptions };
  return accountState({
    now: NOW,
    subaccount: account.subaccount,
    billing: billingOf(account, PLANS),
    plans: PLANS,
    isPaymentAwaited: false,
    usage: null,
    notices: [],
    isOperator: false,
    sellsSubscriptions: true,
    ...given,
  });
}

const banner = (given: Given) => stateOf(given).banners.map(({ text, action }) => [text, action]);
const SUSPENDED = subaccount({ status: "suspended" });

Deno.test("a failed payment is announced with the last day to pay it and a button to the card", () => {
  const subscriptions = [subscription({ status: "past_due", past_due_since: "2026-11-26T12:00:00Z" })];
  const active = subaccount({ suspendsAt: "2026-12-03T12:00:00Z" });
  assert.deepEqual(banner({ subaccount: active, subscriptions }), [[
    "Your last payment failed. Update your card by December 3, 2026 to keep your numbers working",
    "update_card",
  ]]);
  assert.deepEqual(banner({ subaccount: SUSPENDED, subscriptions }), [[
    "Your last payment failed, so sending and receiving are paused. Your numbers are kept",
    "update_card",
  ]]);
});

Deno.test("a canceled tenant reads when the numbers are released, and can subscribe again", () => {
  const ended = subscription({ status: "canceled", ended_at: "2026-11-26T12:00:00Z" });
  const suspended = subaccount({ status: "suspended", numbersReleasedAt: "2026-12-26T12:00:00Z" });
  const state = stateOf({ subaccount: suspended, subscriptions: [ended] });
  assert.deepEqual(state.banners.map(({ text, action }) => [text, action]), [[
    "Your subscription has ended. Your numbers are released on December 26, 2026",
    "subscribe",
  ]]);
  // The plan of tenants without a subscription is not theirs now: its three numbers contradict the suspension.
  assert.deepEqual([state.plan, state.planTitle, state.badge?.label], [null, "No plan", "Suspended"]);
  assert.equal(
    stateOf({ subaccount: suspended, subscriptions: [ended], sellsSubscriptions: false }).banners[0]?.action,
    null,
  );
});

Deno.test("a tenant who has just paid is not asked to subscribe while the subscription is not there yet", () => {
  const absent = subaccount({ provisioned: false, status: null, subaccountSid: null });
  const first = stateOf({ subaccount: absent, isPaymentAwaited: true });
  assert.deepEqual([first.phase, first.planTitle], ["starting", "Your payment is being confirmed"]);
  const ended = subscription({ status: "canceled", ended_at: "2026-11-26T12:00:00Z" });
  const again = stateOf({ subaccount: SUSPENDED, subscriptions: [ended], isPaymentAwaited: true });
  assert.deepEqual([again.phase, again.banners], ["resuming", []]);
});

Deno.test("an account that an operator suspended does not offer what would not help", () => {
  const held = subaccount({ status: "suspended", heldByOperator: true });
  assert.deepEqual(banner({ subaccount: held, subscriptions: [subscription()] }), [[
    "Your provider suspended your account. Sending and receiving are paused. Contact your provider",
    null,
  ]]);
});

Deno.test("limits are announced from 80 %, say when they reset, and lead to a larger plan where there is one", () => {
  const subscriptions = [subscription()];
  const of = (limits: Limits, more: Given = {}) => banner({ subscriptions, usage: usage(limits), ...more });
  assert.deepEqual(of({ spent: 15.9, day: 79, month: 399 }), []);
  assert.deepEqual(of({ spent: 16.1 }), [[
    "You have used $16.10 of your spend limit of $20.00. It resets on December 1, 2026",
    "upgrade",
  ]]);
  assert.match(
    String(of({ month: 500 })[0]?.[0]),
    /^You have sent the 500 messages .* this month. It resets on December 1/,
  );
  assert.match(
    String(of({ day: 80 })[0]?.[0]),
    /^You have sent 80 of the 100 messages that your plan allows in 24 hours/,
  );
  assert.deepEqual(of({ day: 100 }, { subscriptions: [subscription({ plan_key: "scale" })] })[0]?.[1], null);
  const all = stateOf({ subscriptions, usage: usage({ spent: 17, day: 100 }) }).banners;
  assert.deepEqual(all.map(({ severity, id }) => [severity, id.split(" ")[1]]), [["critical", "day"], [
    "notice",
    "spend",
  ]]);
});

Deno.test("a spend limit that the next message does not fit into counts as reached, until the limit is raised", () => {
  const notice = (limit: number): Notice => ({
    id: "n",
    kind: "usage.threshold",
    details: { percent: 100, limit, periodEnd: "2026-12-01T00:00:00Z" },
  });
  const textOf = (limit: number) =>
    banner({ subscriptions: [subscription()], usage: usage({ spent: 19.99 }), notices: [notice(limit)] })[0]?.[0];
  assert.match(String(textOf(20)), /^Your spend limit of \$20.00 is reached/);
  assert.match(String(textOf(5)), /^You have used/);
});

Deno.test("a number that will only receive is announced until its date, or until the plan allows more numbers", () => {
  const notice: Notice = {
    id: "n",
    kind: "number.sending_ends",
    details: { phoneNumber: "+15005550101", at: "2026-12-04T00:00:00Z", maxNumbers: 1 },
  };
  const of = (plan_key: string, at = "2026-12-04T00:00:00Z") =>
    banner({
      subscriptions: [subscription({ plan_key })],
      notices: [{ ...notice, details: { ...notice.details, at } }],
    });
  assert.deepEqual(of("team"), []);
  assert.deepEqual(banner({ notices: [{ ...notice, details: { ...notice.details, maxNumbers: 3 } }] }), [[
    "+1 500 555 0101 can only receive from December 4, 2026 on: it is beyond the numbers of your plan",
    "upgrade",
  ]]);
  assert.deepEqual(of("team", "2026-11-20T00:00:00Z"), []);
});

Deno.test("an end within a week is announced: of a trial, and of a subscription that can still be kept", () => {
  const trial = (current_period_end: string) =>
    banner({ subscriptions: [subscription({ status: "trialing", current_period_end })] });
  assert.deepEqual(trial("2026-12-01T00:00:00Z"), [["Your trial ends on December 1, 2026", null]]);
  assert.deepEqual(trial("2026-12-20T00:00:00Z"), []);
  assert.deepEqual(banner({ subscriptions: [subscription({ cancel_at: "2026-12-01T00:00:00Z" })] }), [[
    "Your subscription ends on December 1, 2026, and then sending and receiving are paused",
    "keep",
  ]]);
});

Deno.test("an operator who is no tenant has no onboarding and no banner", () => {
  const none = subaccount({ provisioned: false, status: null, subaccountSid: null, friendlyName: null });
  assert.deepEqual([stateOf({ subaccount: none, isOperator: true }).phase, stateOf({ subaccount: none }).phase], [
    "operator",
    "none",
  ]);
  assert.deepEqual(banner({ subaccount: none, isOperator: true }), []);
});

// Every combination that the server can answer, and some that it cannot.

const date = fc.integer({ min: -40, max: 40 }).map((days) => new Date(NOW.getTime() + days * 86_400_000).toISOString());
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });
const anySubscription = fc.record({
  id: fc.constantFrom("sub_1", "sub_2"),
  origin: fc.constantFrom("checkout", "metadata", "claim", null),
  plan_key: fc.constantFrom("team", "scale", "gone", null),
  status: fc.constantFrom(
    "incomplete",
    "incomplete_expired",
    "trialing",
    "active",
    "past_due",
    "canceled",
    "unpaid",
    "paused",
  ),
  first_payment_pending: fc.boolean(),
  current_period_end: maybe(date),
  cancel_at: maybe(date),
  past_due_since: maybe(date),
  ended_at: maybe(date),
  created_at: date,
}) as fc.Arbitrary<Subscription>;
const anySubaccount: fc.Arbitrary<Subaccount> = fc.record({
  status: fc.constantFrom("pending", "active", "suspended", "closed", null),
  heldByOperator: fc.boolean(),
  suspendsAt: maybe(date),
  numbersReleasedAt: maybe(date),
}).map((fields) => subaccount({ ...fields, provisioned: fields.status !== null && fields.status !== "pending" }));
const share = fc.constantFrom(0, 79, 80, 99, 100, 120);
const anyNotice = fc.record({
  id: fc.uuid(),
  kind: fc.constantFrom("usage.threshold", "number.release_scheduled", "number.sending_ends"),
  details: fc.record({
    percent: fc.constantFrom(80, 100),
    limit: fc.constantFrom(5, 20),
    periodEnd: date,
    phoneNumber: fc.constant("+15005550101"),
    at: date,
    maxNumbers: fc.nat(9),
  }),
}) as fc.Arbitrary<Notice>;
const anyGiven: fc.Arbitrary<Given> = fc.record({
  subaccount: anySubaccount,
  subscriptions: fc.uniqueArray(anySubscription, { maxLength: 2, selector: ({ id }) => id }),
  usage: maybe(
    fc.record({ spent: share.map((percent) => percent / 5), day: share, month: share.map((p) => p * 5) }).map(usage),
  ),
  notices: fc.array(anyNotice, { maxLength: 3 }),
  isOperator: fc.boolean(),
  sellsSubscriptions: fc.boolean(),
});

Deno.test("for any facts, no two sentences about the account contradict, and none has an internal name", () => {
  fc.assert(
    fc.property(anyGiven, (given) => {
      const { phase, plan, planTitle, planNote, badge, explanation, banners } = stateOf(given);
      const said = [planTitle, planNote, explanation?.title, explanation?.text, ...banners.map(({ text }) => text)]
        .filter((text) => text !== undefined).join("\n");
      assert.doesNotMatch(said, /switchboard:|Invalid|undefined|null|NaN|subaccount/);

      const isPaused = /are paused|is paused|released on/.test(
        [explanation?.title, ...banners.map(({ text }) => text)].join(),
      );
      const ends = banners.some(({ id }) => id.startsWith("ends "));
      const isNotedAsPaused = /service (is|are) paused$|service (is|are) paused\./.test(planNote);
      if (badge?.label === "Active") assert.deepEqual([isPaused && !ends, isNotedAsPaused], [false, false], said);
      if (badge?.label === "Suspended") {
        assert.equal(plan, null);
        assert.doesNotMatch(said, /without a subscription/);
        assert.equal(banners.filter(({ severity }) => severity === "critical").length, 1);
      }
      if (plan !== null && planTitle === "No plan") assert.fail(said);
      if (given.subaccount?.numbersReleasedAt === null) assert.doesNotMatch(said, /released on/);
      if (phase === "held") assert.ok(banners.every(({ action }) => action === null));

      const severities = banners.map(({ severity }) => ["critical", "warning", "notice"].indexOf(severity));
      assert.deepEqual(severities, severities.toSorted());
      assert.equal(new Set(banners.map(({ id }) => id)).size, banners.length);
      if (given.sellsSubscriptions === false) assert.ok(banners.every(({ action }) => action === null));
    }),
    { numRuns: 3_000 },
  );
});

Deno.test("the account is read often while it follows its subscription, and not after it has", () => {
  const changes = (status: Subaccount["status"], subscriptions: Subscription[], more: Partial<Subaccount> = {}) =>
    isChanging({ subaccount: subaccount({ status, ...more }), subscriptions });
  const canceled = subscription({ status: "canceled" });
  assert.deepEqual([
    changes("pending", []),
    changes(null, [subscription()]),
    changes("suspended", [subscription()]),
    changes("active", [canceled]),
  ], [true, true, true, true]);
  assert.deepEqual([
    changes(null, []),
    changes("active", [subscription()]),
    changes("suspended", [canceled]),
    changes("suspended", [subscription()], { heldByOperator: true }),
    changes("active", [{ ...canceled, origin: "checkout" }]),
    changes("closed", [subscription()]),
  ], Array(6).fill(false));
});
