import {
  atStripe,
  buyNumberByHand,
  buyPlan,
  createByHand,
  deleteUser,
  deliver,
  type Delivery,
  makeDue,
  requestSubaccount,
  signUp,
} from "../harness/people.ts";
import { comeToRest, drainTogether } from "../harness/quiescence.ts";
import type { Trap } from "../harness/traps.ts";
import type { Expectation } from "../harness/verdict.ts";
import type { World } from "../harness/world.ts";

/** Something that happens to one tenant, and the account they should have at the end. */
export interface Story {
  name: string;
  /** How its events or requests may arrive. */
  deliveries: readonly Delivery[];
  expected: Expectation["account"];
  /** How many accounts we may ever create for the tenant. One more is a duplicate, however soon it is closed. */
  creations: number;
  /** The state before the story, reached without faults. Returns a value for `act`. */
  prepare(world: World, userId: string): Promise<string>;
  act(world: World, userId: string, prepared: string, delivery: Delivery, traps: readonly Trap[]): Promise<void>;
}

const OVER_THE_WEBHOOK = ["once", "two at once", "fifty at once", "reordered"] as const;
const AT_ONCE = ["once", "two at once", "fifty at once"] as const;
const DAY = 86_400;

async function subscribed(world: World, userId: string): Promise<string> {
  const { subscriptionId, eventIds } = await buyPlan(world, userId);
  await deliver(world, eventIds);
  await comeToRest(world);
  return subscriptionId;
}

async function then(world: World, subscriptionId: string, ...actions: string[]): Promise<string> {
  for (const action of actions) await deliver(world, await atStripe(world, subscriptionId, action));
  await comeToRest(world);
  return subscriptionId;
}

function afterwards(action: string): Story["act"] {
  return async (world, _userId, subscriptionId, delivery, traps) => {
    await deliver(world, await atStripe(world, subscriptionId, action), delivery);
    await drainTogether(world, 2, { traps, batch: 4 });
  };
}

const SEVERAL = { "once": 1, "two at once": 2, "fifty at once": 50, "reordered": 1 } as const satisfies Record<
  Delivery,
  number
>;

function scheduled(schedule: string, before: (world: World) => Promise<void> = () => Promise.resolve()): Story["act"] {
  return async (world, _userId, _prepared, delivery, traps) => {
    await before(world);
    await makeDue(world, schedule);
    await drainTogether(world, Math.min(SEVERAL[delivery], 4), { traps, batch: 4 });
  };
}

export const STORIES: readonly Story[] = [
  {
    name: "subscribe",
    deliveries: OVER_THE_WEBHOOK,
    expected: ["active"],
    creations: 1,
    prepare: () => Promise.resolve(""),
    async act(world, userId, _prepared, delivery, traps) {
      await deliver(world, (await buyPlan(world, userId)).eventIds, delivery);
      await drainTogether(world, 2, { traps, batch: 4 });
    },
  },
  {
    name: "cancel",
    deliveries: OVER_THE_WEBHOOK,
    expected: ["suspended"],
    creations: 1,
    prepare: subscribed,
    act: afterwards("cancel"),
  },
  {
    name: "retention ends",
    deliveries: ["once", "two at once"],
    expected: ["none"],
    creations: 1,
    prepare: async (world, userId) => await then(world, await subscribed(world, userId), "cancel"),
    act: scheduled("converge-drifted", (world) => world.advance(31 * DAY)),
  },
  {
    name: "pay again",
    deliveries: OVER_THE_WEBHOOK,
    expected: ["active"],
    creations: 1,
    prepare: async (world, userId) => await then(world, await subscribed(world, userId), "payment_fails", "unpaid"),
    act: afterwards("pays"),
  },
  {
    // A half-done suspension of the first action must not be mistaken for one made in Twilio's console by the second.
    name: "pause and resume",
    deliveries: ["once", "two at once"],
    expected: ["active"],
    creations: 1,
    prepare: subscribed,
    async act(world, userId, subscriptionId, delivery, traps) {
      await afterwards("pause")(world, userId, subscriptionId, delivery, traps);
      await afterwards("resume")(world, userId, subscriptionId, delivery, traps);
    },
  },
  {
    name: "subscribe again after closing",
    deliveries: ["once", "reordered"],
    expected: ["active"],
    creations: 2,
    async prepare(world, userId) {
      const subscriptionId = await then(world, await subscribed(world, userId), "cancel");
      await world.advance(31 * DAY);
      await comeToRest(world);
      return subscriptionId;
    },
    async act(world, userId, _prepared, delivery, traps) {
      await deliver(world, (await buyPlan(world, userId)).eventIds, delivery);
      await drainTogether(world, 2, { traps, batch: 4 });
    },
  },
  {
    name: "manual request",
    deliveries: AT_ONCE,
    expected: ["active"],
    creations: 1,
    prepare: () => Promise.resolve(""),
    async act(world, userId, _prepared, delivery, traps) {
      const requests = Array.from({ length: SEVERAL[delivery] }, () => requestSubaccount(world, userId, traps));
      await Promise.all(requests);
      // A client whose request failed or got no response asks again.
      const [asked] = await world
        .sql`select from private.tenancies where user_id = ${userId} and requested_at is not null`;
      if (asked === undefined) await requestSubaccount(world, userId);
    },
  },
  {
    name: "delete the user",
    deliveries: ["once", "two at once"],
    expected: ["none"],
    creations: 1,
    prepare: subscribed,
    async act(world, userId, _prepared, delivery, traps) {
      await deleteUser(world, userId);
      await drainTogether(world, SEVERAL[delivery], { traps });
    },
  },
  {
    name: "sweep finds an orphan",
    deliveries: ["once", "two at once"],
    expected: ["suspended"],
    creations: 0,
    prepare: (world, userId) => createByHand(world, `switchboard:${userId}`),
    act: scheduled("sweep"),
  },
  {
    name: "sweep finds a duplicate",
    deliveries: ["once", "two at once"],
    expected: ["active"],
    creations: 1,
    async prepare(world, userId) {
      await subscribed(world, userId);
      // The tenant's own account holds a number, so which of the two accounts is kept does not depend on chance.
      await buyNumberByHand(world, userId);
      return await createByHand(world, `switchboard:${userId}`);
    },
    act: scheduled("sweep"),
  },
  {
    name: "missed events",
    deliveries: ["once", "two at once"],
    expected: ["active"],
    creations: 1,
    prepare: async (world, userId) => (await buyPlan(world, userId)).subscriptionId,
    act: scheduled("fetch-missed-events"),
  },
];

/** Plays a story with the same traps for its webhook as for its jobs. */
export async function play(
  story: Story,
  world: World,
  userId: string,
  delivery: Delivery,
  traps: readonly Trap[],
  prepared: string,
): Promise<void> {
  world.webhookTraps = traps;
  await story.act(world, userId, prepared, delivery, traps);
  world.webhookTraps = [];
}

export { signUp };
