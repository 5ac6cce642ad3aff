import fc from "fast-check";
import type { TenantView } from "../../../../client/switchboard.ts";
import { Constants } from "../../../../supabase/functions/_shared/database.types.ts";

const { Enums } = Constants.public;
const time = fc.date({ min: new Date("2026-01-01"), max: new Date("2027-01-01"), noInvalidDate: true })
  .map((date) => date.toISOString());
const perhaps = <T>(value: fc.Arbitrary<T>) => fc.option(value, { freq: 2 });

const tenant = fc.record({
  userId: fc.uuid(),
  email: perhaps(fc.emailAddress()),
  wanted: fc.constantFrom(...Enums.wanted_status),
  status: fc.constantFrom("pending" as const, ...Enums.twilio_account_status),
  plan: perhaps(fc.constantFrom("starter", "free")),
  lapsedPlan: perhaps(fc.constant("team")),
  subaccountSid: perhaps(fc.constant(`AC${"0".repeat(32)}`)),
  friendlyName: perhaps(fc.constant("Ada")),
  operatorHold: perhaps(fc.constantFrom(...Enums.operator_hold)),
  suspendedAtTwilio: fc.boolean(),
  isDrifting: fc.boolean(),
  isUnpaid: fc.boolean(),
  isOverLimit: fc.boolean(),
  requestedAt: perhaps(time),
  userDeletedAt: fc.option(time, { freq: 6 }),
  lastError: perhaps(fc.constantFrom("Twilio 20003: Authenticate.", "Cannot create")),
  convergedAt: perhaps(time),
  createdAt: time,
  lastMessageAt: perhaps(time),
  numbers: fc.nat(5),
});

const subscription = fc.record({
  id: fc.constant("sub_1"),
  customerId: fc.constant("cus_1"),
  plan: perhaps(fc.constant("team")),
  status: fc.constantFrom(...Enums.subscription_status),
  origin: perhaps(fc.constantFrom(...Enums.subscription_origin)),
  counts: fc.boolean(),
  currentPeriodStart: perhaps(time),
  currentPeriodEnd: perhaps(time),
  pastDueSince: perhaps(time),
  cancelAt: perhaps(time),
  endedAt: perhaps(time),
});

const unpaid = fc.record({
  reason: fc.constantFrom(...Enums.unpaid_reason),
  costs: fc.array(
    fc.record({
      currency: perhaps(fc.constantFrom("USD", "EUR")),
      numbers: fc.nat(3),
      unpriced: fc.nat(2),
      monthlyCost: fc.constantFrom("0", "1.15"),
      otherMonthlyCost: fc.constantFrom("0", "10"),
    }),
    { maxLength: 2 },
  ),
  numbers: fc.constant([]),
});

const alert = fc.record({ kind: fc.constantFrom(...Enums.alert_kind), acknowledgedAt: perhaps(time) });
const line = fc.record({
  action: fc.constantFrom("tenant.suspended", "tenant.closed", "limits.set"),
  at: time,
  details: fc.constantFrom({}, { reason: "fraud." }),
});

/** What decides on a tenant's troubles, in any combination, also in those that the server never returns. */
export const anyView = fc.record({
  tenant,
  subscriptions: fc.array(subscription, { maxLength: 2 }),
  unpaid: perhaps(unpaid),
  usage: fc.record({
    remaining: fc.record({ daily: fc.nat(1), monthly: fc.nat(1), spend: fc.nat(1) }),
  }),
  alerts: fc.array(alert, { maxLength: 2 }),
  deadLetters: fc.array(fc.constant({}), { maxLength: 2 }),
  timeline: fc.record({ entries: fc.array(line, { maxLength: 3 }) }),
}) as unknown as fc.Arbitrary<TenantView>;
