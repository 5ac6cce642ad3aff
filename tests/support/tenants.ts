import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { createClient } from "@supabase/supabase-js";
import { type Actor, actorOf } from "../../local/driver/actor.ts";
import { eventually } from "../../local/driver/eventually.ts";
import { watchedFetch } from "../../local/driver/watched-fetch.ts";
import type { Database } from "../../supabase/functions/_shared/database.types.ts";
import type { Stage } from "./stage.ts";
import { tokenFor } from "./tokens.ts";

/** A tenant with a subaccount. */
export interface Tenant extends Actor {
  accountSid: string;
  /** The subaccount's token at Twilio. The tenant never sees it. */
  authToken: string;
}

/** A tenant who has bought their first number. */
export interface Caller extends Tenant {
  /** E.164. */
  number: string;
}

/**
 * A fresh user with a confirmed address, signed in. Made with SQL, because hashing a password for every actor would take longer
 * than most tests.
 */
export async function newcomer(
  { state, database }: Stage,
  name: string,
  appMetadata: Record<string, unknown> = {},
): Promise<Actor> {
  const id = crypto.randomUUID();
  const email = `${name}-${id}@switchboard.test`;
  await database.sql`insert into auth.users (id, email, email_confirmed_at) values (${id}, ${email}, now())`;
  const accessToken = await tokenFor(state, { sub: id, app_metadata: appMetadata });
  const data = createClient<Database>(state.apiUrl, state.publishableKey, {
    accessToken: () => Promise.resolve(accessToken),
    global: { fetch: watchedFetch },
  });
  return actorOf(state, { id, email, accessToken, data });
}

/** Signs up a user and provisions their subaccount, without a subscription (plan `free`). */
export async function provisioned(stage: Stage, name: string): Promise<Tenant> {
  const actor = await newcomer(stage, name);
  const { subaccountSid } = await actor.switchboard.provisionSubaccount();
  assert.ok(subaccountSid !== null, "provisioning is already in progress");
  const account = await stage.twilio.get(`/Accounts/${subaccountSid}.json`);
  return { ...actor, accountSid: account.sid, authToken: account.auth_token };
}

/** Like `provisioned`, with a number. */
export async function withNumber(stage: Stage, name: string): Promise<Caller> {
  const tenant = await provisioned(stage, name);
  return { ...tenant, number: await buy(tenant, freshNumber()) };
}

/** Forwards the messages that a tenant receives to a URL that answers, and returns the secret of the webhook. */
export async function forwardTo({ switchboard }: Actor, url: string): Promise<string> {
  const { pending } = await switchboard.saveForwardWebhook({ url, rotateSecret: true });
  assert.ok(pending?.secret);
  const { webhook } = await switchboard.confirmForwardWebhook();
  assert.equal(webhook?.enabled, true);
  return pending.secret;
}

/** Buys a number and returns it. */
export async function buy(tenant: Actor, phoneNumber: string): Promise<string> {
  const bought = await tenant.switchboard.buyNumber({ phoneNumber });
  return bought.phoneNumber;
}

/** Resolves when no job of a tenant is left. Jobs that would wait for hours are done at once. */
export async function quiescence({ database }: Stage, { id }: Pick<Actor, "id">): Promise<void> {
  await eventually(`all jobs of ${id} to be done`, async () => {
    await database.hurry(id);
    return await database.isQuiet(id);
  }, 60_000);
}

/** The tenant's accounts at Twilio that are not closed. */
export async function openAccounts({ twilio }: Stage, { id }: Pick<Actor, "id">): Promise<string[]> {
  const accounts = await twilio.accountsNamed(`switchboard:${id}`);
  return accounts.filter(({ status }) => status !== "closed").map(({ sid }) => sid);
}

/** The limits of a plan. The defaults are too high to reach. */
export interface PlanLimits {
  numbers?: number;
  daily?: number;
  monthly?: number;
  purchasesPerDay?: number;
  purchasesPerMonth?: number;
  spend?: number;
}

/** Puts a tenant on a plan of their own, by an active subscription that does not exist at Stripe. */
export async function allow({ database: { sql } }: Stage, { id }: Actor, limits: PlanLimits): Promise<void> {
  const { numbers = 100, daily = 10_000, monthly = 10_000, spend = 1000 } = limits;
  const { purchasesPerDay = 100, purchasesPerMonth = 100 } = limits;
  const key = `of-${id}`;
  await sql`
    insert into public.plans (key, name, rank, max_numbers, daily_message_limit, monthly_message_limit,
      max_purchases_per_day, max_purchases_per_month, spend_limit)
    values (${key}, 'Of a test', ${randomInt(1000, 2 ** 31)}, ${numbers}, ${daily}, ${monthly}, ${purchasesPerDay},
      ${purchasesPerMonth}, ${spend})`;
  await sql`
    insert into public.subscriptions (id, user_id, stripe_customer_id, plan_key, status)
    values (${`sub_${id}`}, ${id}, ${`cus_${id}`}, ${key}, 'active')`;
}

/** A number not yet sold, in E.164. Any well-formed number in California can be bought. */
export function freshNumber(): string {
  return `+1628${nextLocalNumber()}`;
}

/** A new handset, in E.164. */
export function freshRecipient(): string {
  return `+1707${nextLocalNumber()}`;
}

let lastLocalNumber = 0;

/**
 * Seven digits that no test of this stack has used: the time in milliseconds, or one more than the last. The files of a suite
 * run one after the other, so their times differ; random digits were the same once in thirty runs.
 */
function nextLocalNumber(): number {
  lastLocalNumber = Math.max(lastLocalNumber + 1, Date.now() % 7_999_999);
  return 2_000_000 + lastLocalNumber % 7_999_999;
}
