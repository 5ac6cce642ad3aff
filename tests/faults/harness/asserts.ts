import assert from "node:assert/strict";
import { comeToRest } from "./quiescence.ts";
import { type Expectation, judge } from "./verdict.ts";
import type { World } from "./world.ts";

/** Asserts that all is as it should be once everything has come to rest, and that this one has what they should have. */
export async function assertAtRest(world: World, userId: string, ...account: Expectation["account"]): Promise<void> {
  await comeToRest(world);
  assert.deepEqual((await judge(world, [{ userId, account }])).violations, []);
}

/** What was done for a tenant, oldest first: `created`, `suspended` … with the SID it was done to. */
export async function deedsFor(world: World, userId: string): Promise<{ action: string; sid: string | null }[]> {
  const lines = await world.sql<{ action: string; sid: string | null }[]>`
    select replace(action, 'subaccount.', '') as action, subaccount_sid as sid
    from public.audit_log where user_id = ${userId} and actor = 'converge' order by id`;
  return [...lines];
}

/** The actions alone. */
export async function actionsFor(world: World, userId: string): Promise<string[]> {
  return (await deedsFor(world, userId)).map(({ action }) => action);
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

/** The tenant's accounts at Twilio, closed ones included, oldest first. */
export async function accountsOf(world: World, userId: string): Promise<{ sid: string; status: string }[]> {
  const accounts = await world.twilio.accountsNamed(`switchboard:${userId}`);
  return accounts.map(({ sid, status }) => ({ sid, status })).reverse();
}
