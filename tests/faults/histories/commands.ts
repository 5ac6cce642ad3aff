import fc from "fast-check";
import { DELIVERIES, type Delivery } from "../harness/people.ts";
import { type Fault, FAULTS } from "../harness/traps.ts";

/** A fault at the so-manieth call of a process. */
export interface Mishap {
  call: number;
  fault: Fault;
}

/** One thing that happens in a history. `who` counts people, wrapping around. */
export type Command =
  | { do: "subscribe"; who: number; delivery: Delivery | "none"; mishaps: Mishap[] }
  | { do: "at stripe"; who: number; action: StripeAction; delivery: Delivery | "none"; mishaps: Mishap[] }
  | { do: "deliver again"; which: number; delivery: Delivery; mishaps: Mishap[] }
  | { do: "request"; who: number; times: number; mishaps: Mishap[] }
  | { do: "hold"; who: number; status: "suspended" | "closed" | null }
  | { do: "delete user"; who: number }
  | { do: "drain"; processes: number; batch: number; jobs: number; mishaps: Mishap[] }
  | { do: "leap"; seconds: number }
  | { do: "schedule"; name: Schedule }
  | { do: "create by hand"; who: number }
  | { do: "set status by hand"; who: number; status: "active" | "suspended" | "closed" }
  | { do: "what stalls goes on" };

const STRIPE_ACTIONS = [
  "cancel",
  "payment_fails",
  "pays",
  "unpaid",
  "pause",
  "resume",
  "pause_collection",
  "resume_collection",
  "delete_customer",
] as const;
export type StripeAction = (typeof STRIPE_ACTIONS)[number];

const SCHEDULES = ["converge-drifted", "sweep", "fetch-missed-events"] as const;
export type Schedule = (typeof SCHEDULES)[number];

const DAY = 86_400;
/** Within a lease and beyond it, beyond a job's visibility, beyond the grace and the retention period. */
const LEAPS = [5, 30, 61, 100, 200, 4000, 8 * DAY, 31 * DAY];

const who = fc.nat({ max: 1 });
const mishaps = fc.array(fc.record({ call: fc.integer({ min: 1, max: 12 }), fault: fc.constantFrom(...FAULTS) }), {
  maxLength: 2,
});
const delivery = fc.constantFrom<Delivery | "none">(...DELIVERIES.filter((each) => each !== "fifty at once"), "none");
const redelivery = fc.constantFrom<Delivery>("once", "two at once", "reordered");

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant("subscribe" as const), who, delivery, mishaps }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("at stripe" as const),
      who,
      action: fc.constantFrom(...STRIPE_ACTIONS),
      delivery,
      mishaps,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("deliver again" as const),
      which: fc.nat(20),
      delivery: redelivery,
      mishaps,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("request" as const), who, times: fc.integer({ min: 1, max: 3 }), mishaps }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("hold" as const),
      who,
      status: fc.constantFrom("suspended" as const, "closed" as const, null),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("delete user" as const), who }) },
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant("drain" as const),
      processes: fc.integer({ min: 1, max: 3 }),
      batch: fc.integer({ min: 1, max: 6 }),
      jobs: fc.integer({ min: 1, max: 20 }),
      mishaps,
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("leap" as const), seconds: fc.constantFrom(...LEAPS) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("schedule" as const), name: fc.constantFrom(...SCHEDULES) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("create by hand" as const), who }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("set status by hand" as const),
      who,
      status: fc.constantFrom("active" as const, "suspended" as const, "closed" as const),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ do: "what stalls goes on" as const }) },
);

export const histories: fc.Arbitrary<Command[]> = fc.array(command, { minLength: 2, maxLength: 24, size: "max" });
