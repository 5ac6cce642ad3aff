import fc from "fast-check";
import { DELIVERIES, type Delivery } from "../harness/people.ts";
import { type Fault, FAULTS } from "../harness/traps.ts";

/** A fault at the n-th call of a process. */
export interface Mishap {
  call: number;
  fault: Fault;
}

/** One action in a history. `tenant` is an index into the tenants, wrapping around. */
export type Command =
  | { do: "subscribe"; tenant: number; delivery: Delivery | "none"; mishaps: Mishap[] }
  | { do: "at stripe"; tenant: number; action: StripeAction; delivery: Delivery | "none"; mishaps: Mishap[] }
  | { do: "deliver again"; which: number; delivery: Delivery; mishaps: Mishap[] }
  | { do: "request"; tenant: number; times: number; mishaps: Mishap[] }
  | { do: "hold"; tenant: number; status: "suspended" | "closed" | null }
  | { do: "delete user"; tenant: number }
  | { do: "delete preferences"; tenant: number }
  | { do: "drain"; processes: number; batch: number; jobs: number; mishaps: Mishap[] }
  | { do: "leap"; seconds: number }
  | { do: "schedule"; name: Schedule }
  | { do: "create by hand"; tenant: number }
  | { do: "set status by hand"; tenant: number; status: "active" | "suspended" | "closed" }
  | { do: "resume stalled calls" };

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
/** Within a lease and beyond it, beyond a job's visibility timeout, beyond the grace and the retention period. */
const LEAPS = [5, 30, 61, 100, 200, 4000, 8 * DAY, 31 * DAY];

const tenant = fc.nat({ max: 1 });
const mishaps = fc.array(fc.record({ call: fc.integer({ min: 1, max: 12 }), fault: fc.constantFrom(...FAULTS) }), {
  maxLength: 2,
});
const delivery = fc.constantFrom<Delivery | "none">(...DELIVERIES.filter((each) => each !== "fifty at once"), "none");
const redelivery = fc.constantFrom<Delivery>("once", "two at once", "reordered");

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant("subscribe" as const), tenant, delivery, mishaps }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("at stripe" as const),
      tenant,
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
    arbitrary: fc.record({
      do: fc.constant("request" as const),
      tenant,
      times: fc.integer({ min: 1, max: 3 }),
      mishaps,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("hold" as const),
      tenant,
      status: fc.constantFrom("suspended" as const, "closed" as const, null),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("delete user" as const), tenant }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("delete preferences" as const), tenant }) },
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
  { weight: 1, arbitrary: fc.record({ do: fc.constant("create by hand" as const), tenant }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("set status by hand" as const),
      tenant,
      status: fc.constantFrom("active" as const, "suspended" as const, "closed" as const),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ do: "resume stalled calls" as const }) },
);

export const histories: fc.Arbitrary<Command[]> = fc.array(command, { minLength: 2, maxLength: 24, size: "max" });
