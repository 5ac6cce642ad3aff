import fc from "fast-check";
import { type Fault, FAULTS } from "../faults/harness/traps.ts";
import { type Kind, KINDS } from "./reference.ts";

/** One message or fee. Hours count from the purchase, and costs are in 1/100,000 of the currency. */
export interface Use {
  type: "use";
  hour: number;
  /** At the end of the billing period of that hour, so many microseconds later; null: at the hour. */
  edge: number | null;
  kind: Kind;
  pieces: number;
  cost: number;
  /** How many hours later our ledger has it. */
  foundAfter: number;
  /** How many hours later Twilio says the price; null: never. Fees have their price at once. */
  pricedAfter: number | null;
  /** What Twilio says later. Null: it does not count after all. */
  later: { after: number; cost: number | null }[];
}

export type Step =
  | Use
  | { type: "change_plan"; hour: number; to: number }
  | { type: "end_trial"; hour: number }
  | { type: "restart_period"; hour: number }
  | { type: "payment_fails"; hour: number; paysAfter: number }
  | { type: "cancel"; hour: number; how: Cancel }
  | { type: "buys_again"; hour: number; how: Again; plan: number }
  | { type: "is_deleted"; hour: number };

export const CANCELS = ["now", "at_period_end", "dashboard", "dashboard_invoiced", "dashboard_at_period_end"] as const;
export type Cancel = typeof CANCELS[number];

/**
 * own: through our checkout, when no subscription of the tenant runs. elsewhere: by an operator without metered items, maybe
 * beside another subscription. other_customer: through our checkout or beside, with another customer of the same tenant.
 */
export const AGAIN = ["own", "elsewhere", "other_customer"] as const;
export type Again = typeof AGAIN[number];

/** own: through our checkout, with metered items. elsewhere: by metadata, without them. */
export const PURCHASES = ["own", "elsewhere", "gift", "none"] as const;
export type Purchase = typeof PURCHASES[number];

export interface Story {
  /** When the tenant buys, in hours after the round began. */
  startsIn: number;
  bought: Purchase;
  /** An index into the plans of its currency. */
  plan: number;
  currency: "usd" | "eur";
  trialDays: number;
  steps: Step[];
  /** Faults at calls of the tenant's jobs to the database and to Stripe. */
  troubles: Trouble[];
  /** When no job of the tenant runs. */
  down: { hour: number; hours: number }[];
  /** From when on Stripe accepts so many of the tenant's meter events, and rejects them later. */
  rejected: { hour: number; times: number }[];
  /** What happens to the webhooks of the tenant, in turn. */
  webhooks: Webhook[];
}

/** Strikes at the n-th call of one kind (at), in one kind of job (in). Null: of any. */
export interface Trouble {
  in: string | null;
  at: string | null;
  call: number;
  fault: Fault;
}

export const WEBHOOKS = ["delivered", "delivered twice", "late", "lost"] as const;
export type Webhook = typeof WEBHOOKS[number];

/** Usage, cancellations and corrections end, and then the round: hours after the purchase. */
export const LAST_USE = 36 * 24;
export const LAST_CANCEL = 30 * 24;
export const LAST_CHANGE = 46 * 24;
export const END = 66 * 24;

/** The calls between which most can go wrong. */
const AIMS = [
  ...["POST /v1/billing/meter_events", "POST /v1/invoices", "POST /v1/invoiceitems", "POST /v1/credit_notes"],
  ...["database: begin_metering", "database: settle_metering", "database: settle_comparison"],
];
/** The jobs of billing that concern one tenant, each aimed at as often as the others. */
const JOBS = [
  ...["stripe-event", "cancel-subscription", "rate-usage", "meter-usage", "close-periods", "compare-meters"],
  ...["read-invoice", "keep-metered-items", "settle-final-bill"],
];
const TROUBLES: Fault[] = FAULTS.filter((fault) => fault !== "arrives late" && !fault.startsWith("stalls"));

/** Whole minutes, each as likely as the others. */
const hours = (most: number): fc.Arbitrary<number> =>
  fc.noBias(fc.integer({ min: 1, max: most * 60 })).map((minutes) => minutes / 60, (hours) => {
    if (typeof hours !== "number") throw new Error("No number of hours");
    return Math.round(hours * 60);
  });
const soon = fc.constantFrom(0, 0, 0, 1, 5, 20);
const use: fc.Arbitrary<Use> = fc.record({
  type: fc.constant("use" as const),
  hour: hours(LAST_USE),
  edge: fc.oneof({ weight: 6, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.constantFrom(-1, 0, 1) }),
  kind: fc.constantFrom(...KINDS, "sms_out" as const, "sms_out" as const, "sms_in" as const),
  pieces: fc.integer({ min: 1, max: 4 }),
  cost: fc.oneof(fc.integer({ min: 1, max: 9_000 }), fc.integer({ min: 1, max: 20 })),
  foundAfter: fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, {
    weight: 1,
    arbitrary: fc.constantFrom(3, 30, 60, 200),
  }),
  pricedAfter: fc.oneof(
    { weight: 6, arbitrary: soon },
    { weight: 2, arbitrary: fc.constantFrom(40, 47, 50, 80, 300) },
    { weight: 1, arbitrary: fc.constant(null) },
  ),
  later: fc.oneof(
    { weight: 5, arbitrary: fc.constant<never[]>([]) },
    {
      weight: 2,
      arbitrary: fc.array(
        fc.record({
          after: fc.constantFrom(1, 10, 30, 100, 400),
          cost: fc.oneof({ weight: 3, arbitrary: fc.integer({ min: 0, max: 12_000 }) }, {
            weight: 1,
            arbitrary: fc.constant(null),
          }),
        }),
        { minLength: 1, maxLength: 2 },
      ),
    },
  ),
});

const hour = hours(LAST_CHANGE);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: use },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant("change_plan" as const), hour, to: fc.nat(2) }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("end_trial" as const), hour: hours(160) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("restart_period" as const), hour }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant("payment_fails" as const),
      hour,
      paysAfter: fc.constantFrom(10, 100, 400),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant("cancel" as const),
      hour: hours(LAST_CANCEL),
      how: fc.constantFrom(...CANCELS),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant("buys_again" as const),
      hour: hours(LAST_CANCEL),
      how: fc.constantFrom(...AGAIN),
      plan: fc.nat(2),
    }),
  },
);
/** A deletion ends most of a story, so it is rarer than the other steps. */
const deletion: fc.Arbitrary<Step> = fc.record({ type: fc.constant("is_deleted" as const), hour: hours(LAST_CHANGE) });

export const story: fc.Arbitrary<Story> = fc.record({
  startsIn: fc.integer({ min: 0, max: 71 }),
  bought: fc.constantFrom(...PURCHASES, "own" as const, "own" as const, "elsewhere" as const, "none" as const),
  plan: fc.nat(2),
  currency: fc.constantFrom("usd" as const, "usd" as const, "eur" as const),
  trialDays: fc.constantFrom(0, 0, 0, 7),
  steps: fc.tuple(
    fc.array(step, { minLength: 2, maxLength: 14 }),
    fc.oneof({ weight: 11, arbitrary: fc.constant<Step[]>([]) }, {
      weight: 1,
      arbitrary: fc.tuple(deletion),
    }),
  ).map(([steps, last]) => [...steps, ...last], (steps) => {
    if (!Array.isArray(steps)) throw new Error("No steps");
    const isDeletion = (each: Step) => each.type === "is_deleted";
    return [steps.filter((each) => !isDeletion(each)), steps.filter(isDeletion).slice(0, 1)] as [Step[], Step[]];
  }),
  troubles: fc.oneof(
    { weight: 1, arbitrary: fc.constant<never[]>([]) },
    {
      weight: 2,
      arbitrary: fc.array(
        fc.oneof(
          fc.record({
            in: fc.constantFrom<(string | null)[]>(...JOBS),
            at: fc.constant(null),
            call: fc.noBias(fc.integer({ min: 1, max: 24 })),
            fault: fc.constantFrom<Fault[]>("dies before", "dies after commit", ...TROUBLES),
          }),
          fc.record({
            in: fc.constant(null),
            at: fc.constantFrom<(string | null)[]>(...AIMS),
            call: fc.integer({ min: 1, max: 8 }),
            fault: fc.constantFrom(...TROUBLES),
          }),
        ),
        { maxLength: 8 },
      ),
    },
  ),
  down: fc.oneof({ weight: 4, arbitrary: fc.constant<never[]>([]) }, {
    weight: 1,
    arbitrary: fc.array(
      fc.record({ hour: hours(LAST_CHANGE), hours: fc.constantFrom(20, 30, 60, 200) }),
      {
        minLength: 1,
        maxLength: 2,
      },
    ),
  }),
  rejected: fc.oneof({ weight: 2, arbitrary: fc.constant<never[]>([]) }, {
    weight: 1,
    arbitrary: fc.array(
      fc.record({ hour: hours(LAST_CHANGE), times: fc.integer({ min: 1, max: 3 }) }),
      { minLength: 1, maxLength: 3 },
    ),
  }),
  webhooks: fc.oneof({ weight: 2, arbitrary: fc.constant<never[]>([]) }, {
    weight: 1,
    arbitrary: fc.array(fc.constantFrom(...WEBHOOKS), { maxLength: 12 }),
  }),
});

/** A story as text, in the order in which it happens. */
export function told(story: Story): string {
  const lines: [number, string][] = [];
  const { bought, currency, plan, trialDays } = story;
  lines.push([
    0,
    `buys plan ${plan} in ${currency} (${bought})${trialDays > 0 ? `, with a trial of ${trialDays} days` : ""}`,
  ]);
  for (const step of story.steps) {
    switch (step.type) {
      case "use": {
        const at = step.edge === null ? "" : ` at the end of its period ${step.edge >= 0 ? "+" : ""}${step.edge} µs`;
        lines.push([step.hour, `uses ${step.kind} of ${step.pieces} for ${money(step.cost)}${at}`]);
        if (step.foundAfter > 0) lines.push([step.hour + step.foundAfter, "… which we find only now"]);
        if (!["number", "fee"].includes(step.kind)) {
          if (step.pricedAfter === null) lines.push([step.hour, "… which Twilio never prices"]);
          else if (step.pricedAfter > 0) lines.push([step.hour + step.pricedAfter, `${step.kind} gets its price`]);
        }
        for (const { after, cost } of step.later) {
          lines.push([step.hour + after, `the ${step.kind} of hour ${at0(step.hour)} ${later(cost)}`]);
        }
        break;
      }
      case "change_plan":
        lines.push([step.hour, `changes to plan ${step.to}`]);
        break;
      case "payment_fails":
        lines.push([step.hour, `the card is declined for ${step.paysAfter} hours`]);
        break;
      case "end_trial":
        lines.push([step.hour, "the trial is ended early"]);
        break;
      case "restart_period":
        lines.push([step.hour, "an operator restarts the period at Stripe"]);
        break;
      case "cancel":
        lines.push([step.hour, `cancels: ${step.how}`]);
        break;
      case "buys_again":
        lines.push([step.hour, `buys plan ${step.plan} as well, or again (${step.how})`]);
        break;
      case "is_deleted":
        lines.push([step.hour, "the customer is deleted at Stripe"]);
    }
  }
  for (const { hour, hours } of story.down) lines.push([hour, `no job runs for ${hours} hours`]);
  for (const { hour, times } of story.rejected) {
    lines.push([hour, `Stripe will accept and then reject the next ${times} meter events`]);
  }
  lines.sort(([a], [b]) => a - b);
  const faults = story.troubles.map(({ in: job, at, call, fault }) => `call ${call} of ${job ?? at ?? "all"} ${fault}`);
  return [
    ...lines.map(([hour, text]) => `  hour ${at0(hour).padStart(7)}: ${text}`),
    ...(faults.length > 0 ? [`  faults: ${faults.join(", ")}`] : []),
    ...(story.webhooks.length > 0 ? [`  webhooks: ${story.webhooks.join(", ")}`] : []),
  ].join("\n");
}

const at0 = (hour: number) => hour.toFixed(2);
const money = (cost: number) => (cost / 100_000).toFixed(5);
const later = (cost: number | null) => cost === null ? "does not count after all" : `costs ${money(cost)} after all`;
