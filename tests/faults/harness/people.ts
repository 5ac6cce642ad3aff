import { decide } from "../../../supabase/functions/_shared/platform/database.ts";
import { converge } from "../../../supabase/functions/_shared/subaccounts/converge.ts";
import type { Purchase } from "../../../local/driver/stripe-side.ts";
import type { Trap } from "./traps.ts";
import type { World } from "./world.ts";

/** How the events of one moment reach the webhook. */
export const DELIVERIES = ["once", "two at once", "fifty at once", "reordered"] as const;
export type Delivery = (typeof DELIVERIES)[number];

/** Signs up a user. Returns their id. */
export async function signUp(world: World): Promise<string> {
  const id = crypto.randomUUID();
  await world.sql`insert into auth.users (id, email) values (${id}, ${`${id}@switchboard.test`})`;
  return id;
}

export async function deleteUser(world: World, userId: string): Promise<void> {
  await world.sql`delete from auth.users where id = ${userId}`;
}

/** As a host may let its users delete their own row. */
export async function deletePreferences(world: World, userId: string): Promise<void> {
  await world.sql`delete from public.user_preferences where user_id = ${userId}`;
}

/** A user buys a plan at Stripe. Its events are not delivered yet. */
export function buyPlan(world: World, userId: string): Promise<Purchase> {
  return world.stripe.subscribe({ clientReferenceId: userId, plan: "team" });
}

/** The user buys the team plan as their own subscription, as a checkout that the service made. */
export function buyOwnPlan(world: World, userId: string): Promise<Purchase> {
  return world.stripe.subscribe({
    clientReferenceId: userId,
    plan: "team",
    subscriptionMetadata: { user_id: userId },
  });
}

/** Performs an action on a subscription at Stripe. Returns its events, which are not delivered yet. */
export async function atStripe(world: World, subscriptionId: string, action: string): Promise<string[]> {
  const { eventIds, subscription } = await world.stripe.control(subscriptionId, action);
  if (subscription.ended_at !== null) world.stripeClock.ends(subscriptionId);
  return eventIds;
}

/** Stripe delivers events. An event without a 200 counts as missed. */
export async function deliver(world: World, eventIds: string[], delivery: Delivery = "once"): Promise<void> {
  if (eventIds.length === 0) return;
  switch (delivery) {
    case "once":
      return void await world.stripe.deliver({ eventIds });
    case "two at once":
      return void await world.stripe.deliver({ eventIds, times: 2, order: "together" });
    case "fifty at once":
      await world.stripe.deliver({ eventIds: eventIds.slice(0, 1), times: 50, order: "together" });
      return await deliver(world, eventIds.slice(1));
    case "reordered":
      return void await world.stripe.deliver({ eventIds, order: "reversed" });
  }
}

/** A signed-in user requests their subaccount, as `provision-subaccount` does it. */
export async function requestSubaccount(world: World, userId: string, traps: readonly Trap[] = []): Promise<void> {
  const { process, dependencies } = world.start(traps);
  await world.run(process, async () => {
    const asked = await decide(dependencies.db, "request_subaccount", {
      p_user_id: userId,
      p_open_to_anyone: true,
      p_request_id: "faults",
    });
    if (asked.outcome === "accepted") await converge(userId, dependencies);
  });
}

/** An operator holds a tenant, or ends the hold. */
export async function hold(world: World, userId: string, status: "suspended" | "closed" | null): Promise<void> {
  const { dependencies: { db } } = world.start();
  await decide(db, "hold_tenant", {
    p_user_id: userId,
    p_hold: status,
    p_operator_id: "00000000-0000-4000-8000-000000000001",
    p_request_id: "faults",
    p_reason: "a test",
  });
}

/** Makes a recurring job due. */
export async function makeDue(world: World, schedule: string): Promise<void> {
  await world.sql`update private.schedules set due_at = now() where name = ${schedule}`;
}

/** Creates an account in Twilio's console. Returns its SID. */
export async function createByHand(world: World, friendlyName: string): Promise<string> {
  const response = await world.twilio.post("/Accounts.json", { FriendlyName: friendlyName });
  const account = await response.json();
  if (!response.ok) throw new Error(`Cannot create account "${friendlyName}" at Twilio: ${account.message}`);
  return account.sid;
}

/** Buys a number for the tenant's oldest open account. */
export async function buyNumberByHand(world: World, userId: string): Promise<void> {
  const accounts = await world.twilio.accountsNamed(`switchboard:${userId}`);
  const account = accounts.filter(({ status }) => status !== "closed").at(-1);
  if (account === undefined) throw new Error(`Cannot buy a number for ${userId}: the user has no open account`);
  const number = `+1628${Math.floor(2_000_000 + Math.random() * 7_999_999)}`;
  const response = await world.twilio.post(`/Accounts/${account.sid}/IncomingPhoneNumbers.json`, {
    PhoneNumber: number,
  });
  if (!response.ok) throw new Error(`Cannot buy ${number}: ${await response.text()}`);
  await response.body?.cancel();
}
