import type { Expectation } from "../harness/verdict.ts";
import type { World } from "../harness/world.ts";
import type { Person } from "./history.ts";

type Wanted = "active" | "suspended" | "closed" | "none";

const GRACE_MS = 7 * 86_400_000;
const RETENTION_MS = 30 * 86_400_000;

/** The account a tenant should have by now, derived from Stripe's state, the tenant's own request and the operators' holds. */
export async function expectationOf(person: Person, world: World): Promise<Expectation> {
  const account = await allowed(await wantedFor(person, world), person, world);
  return { userId: person.id, account, stranger: person.deleted && !(await isKnown(person, world)) };
}

/** Implemented independently instead of read from the database, because the database's result is under test. */
async function wantedFor({ id, deleted, subscriptions, buysGifts }: Person, world: World): Promise<Wanted> {
  if (deleted) return "closed";
  const [tenancy] = await world.sql<{ operator_hold: "suspended" | "closed" | null; requested_at: string | null }[]>`
    select operator_hold, requested_at from private.tenancies where user_id = ${id}`;
  if (tenancy?.operator_hold) return tenancy.operator_hold;
  const byStripe = new Set<Wanted>();
  for (const subscription of subscriptions) byStripe.add(await wantedByStripe(subscription, world));
  // A gift that is over does not stand in the way of the tenant's own request.
  if (buysGifts && !byStripe.has("active") && tenancy?.requested_at) return "active";
  for (const best of ["active", "suspended", "closed"] as const) if (byStripe.has(best)) return best;
  return tenancy?.requested_at ? "active" : "none";
}

async function wantedByStripe(subscriptionId: string, world: World): Promise<Wanted> {
  const { status, pause_collection, ended_at } = await world.stripeApi.subscriptions.retrieve(subscriptionId);
  switch (status) {
    case "active":
    case "trialing":
      return pause_collection ? "suspended" : "active";
    case "past_due": {
      // The grace period begins when we first receive the status. Stripe does not report that moment.
      const [stored] = await world.sql<{ past_due_since: string | null }[]>`
        select past_due_since from public.subscriptions where id = ${subscriptionId}`;
      return Date.now() < new Date(stored?.past_due_since ?? Date.now()).getTime() + GRACE_MS ? "active" : "suspended";
    }
    case "unpaid":
    case "paused":
      return "suspended";
    case "canceled":
      return Date.now() < (ended_at ?? 0) * 1000 + RETENTION_MS ? "suspended" : "closed";
    default:
      return "none";
  }
}

async function allowed(wanted: Wanted, person: Person, world: World): Promise<Expectation["account"]> {
  switch (wanted) {
    case "active":
      return person.suspendedByHand ? ["active", "suspended"] : ["active"];
    case "suspended":
      // An existing account is kept, and none is created for a suspension.
      return person.wasToBeClosed || !(await everHadOne(person, world)) ? ["suspended", "none"] : ["suspended"];
    case "closed":
      return ["none"];
    case "none":
      return person.touchedByHand ? ["suspended", "none"] : ["none"];
  }
}

async function everHadOne({ id }: Person, world: World): Promise<boolean> {
  return (await world.twilio.accountsNamed(`switchboard:${id}`)).length > 0;
}

async function isKnown({ id }: Person, world: World): Promise<boolean> {
  return (await world.sql`select from private.tenancies where user_id = ${id}`).length > 0;
}
