import assert from "node:assert/strict";
import { comeToRest } from "./quiescence.ts";
import { type Expectation, judge } from "./verdict.ts";
import type { World } from "./world.ts";

/** Lets the world come to rest, then asserts that nothing is wrong and that this tenant has the expected account. */
export async function assertAtRest(world: World, userId: string, ...account: Expectation["account"]): Promise<void> {
  await comeToRest(world);
  assert.deepEqual((await judge(world, [{ userId, account }])).violations, []);
}

/** What was done to a tenant's accounts, oldest first: `created`, `suspended`, and so on, with the SID. */
export async function auditTrailOf(world: World, userId: string): Promise<{ action: string; sid: string | null }[]> {
  const lines = await world.sql<{ action: string; sid: string | null }[]>`
    select replace(action, 'subaccount.', '') as action, subaccount_sid as sid
    from public.audit_log where user_id = ${userId} and actor = 'converge' order by id`;
  return [...lines];
}

/** The actions without the SIDs. */
export async function actionsFor(world: World, userId: string): Promise<string[]> {
  return (await auditTrailOf(world, userId)).map(({ action }) => action);
}

export interface Stored {
  sid: string | null;
  status: string;
  createdAt: string | null;
}

export async function storedFor(world: World, userId: string): Promise<Stored | undefined> {
  const [row] = await world.sql<Stored[]>`
    select twilio_subaccount_sid as sid, twilio_subaccount_status as status, twilio_subaccount_created_at as "createdAt"
    from public.user_preferences where user_id = ${userId}`;
  return row;
}

/** The tenant's accounts at Twilio, including closed ones, oldest first. */
export async function accountsOf(world: World, userId: string): Promise<{ sid: string; status: string }[]> {
  const accounts = await world.twilio.accountsNamed(`switchboard:${userId}`);
  return accounts.map(({ sid, status }) => ({ sid, status })).reverse();
}
