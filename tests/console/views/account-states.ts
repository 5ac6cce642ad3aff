import type { StackState } from "../../../local/stack-state.ts";
import { type Actor, signUp } from "../../../local/driver/actor.ts";
import { eventually } from "../../../local/driver/eventually.ts";
import { stripeSide } from "../../../local/driver/stripe-side.ts";
import { twilioSide } from "../../../local/driver/twilio-side.ts";
import { type DatabaseSide, databaseSide } from "../../support/database-side.ts";
import { signUpOperator } from "../../support/operators.ts";
import { wrote } from "../../support/past-messages.ts";
import { listTenants } from "./scene-operator-tenants.ts";
import { buy, freshNumber } from "../../support/tenants.ts";
import { monthOfUse } from "./scene-usage.ts";

/** Brings a tenant with a plan, or with a subaccount only, into a state. */
interface Way {
  /** The id of the tenant's subscription. Null for a tenant without one. */
  subscriptionId: string | null;
  tenant: Actor & { number: string };
  state: StackState;
  database: DatabaseSide;
}

const onPlan = (action: string) => async ({ state, subscriptionId }: Way) =>
  void await stripeSide(state).control(subscriptionId!, action);

/** How an account comes into each state that the console announces on every screen. */
const STATES = {
  pastDue: onPlan("payment_fails"),
  unpaid: onPlan("unpaid"),
  paused: onPlan("pause"),
  canceled: onPlan("cancel"),
  ending: onPlan("cancel_in_a_week"),
  held: ({ database, tenant }: Way) => database.hold(tenant.id, "suspended"),
  inTrouble: troubled,
  nearLimits: (way: Way) => spend(way, 82),
  atLimits: (way: Way) => spend(way, 100),
  monthOfUse,
};
/** The states in which messages can be sent. */
const WORKS: readonly string[] = ["pastDue", "ending", "inTrouble", "nearLimits", "atLimits", "monthOfUse"];

export type AccountState = keyof typeof STATES | "operator";

/** Signs up a user and brings the account into a state. Each tenant has a number and a conversation. */
export async function inState(state: StackState, account: AccountState, password: string): Promise<Actor> {
  await using database = databaseSide(state);
  if (account === "operator") {
    await listTenants(database);
    return await signUpOperator({ state, database }, password);
  }
  const user = await signUp(state, account.toLowerCase(), password);
  const subscriptionId = account === "nearLimits" || account === "atLimits" ? null : await subscribe(state, user);
  if (subscriptionId === null) await user.switchboard.provisionSubaccount();
  await eventually("the subaccount", async () => (await user.switchboard.subaccount()).status === "active");
  if (subscriptionId !== null) await user.switchboard.claimSubscription();
  const number = await buy(user, freshNumber());
  await user.switchboard.importContacts({ contacts: [{ phoneNumber: PEER, name: "Ada Lovelace" }] });
  await twilioSide(state).inbound({ from: PEER, to: number, body: "Do you deliver on Sundays?" });
  await STATES[account]({ subscriptionId, tenant: { ...user, number }, state, database });
  if (!WORKS.includes(account)) {
    await eventually("the suspension", async () => (await user.switchboard.subaccount()).status === "suspended");
  }
  return user;
}

const PEER = "+14155550131";

async function subscribe(state: StackState, { id, email }: Actor): Promise<string> {
  const { subscriptionId } = await stripeSide(state).subscribe({ clientReferenceId: id, plan: "team", email });
  return subscriptionId;
}

/** Sends a percentage of the messages of a day, for the same percentage of the spend limit of the plan. */
async function spend({ tenant, database }: Way, percent: number): Promise<void> {
  // The plan without a subscription allows 100 messages a day, and to spend 20 in a billing period.
  const sent = Array.from({ length: percent }, (_, index) => ({
    with: `+141555502${10 + index % 25}`,
    direction: "outbound" as const,
    body: "Your order is on its way",
  }));
  await wrote({ database }, tenant, tenant.number, sent);
  await database.sql`
    update public.sms_messages set estimated_price = 0.2 where user_id = ${tenant.id} and direction = 'outbound'`;
}

/** What waits for an operator: an alert, a job that failed in every attempt, and limits of the tenant's own. */
async function troubled({ tenant, database: { sql }, state }: Way): Promise<void> {
  const details = { twilioCode: 21610, campaign: "Autumn menu", phoneNumber: tenant.number };
  await sql`select private.raise_alert('campaign_paused', ${crypto.randomUUID()}, ${tenant.id}, ${sql.json(details)})`;
  await sql`
    select pgmq.send('jobs_dead', jsonb_build_object('lane', 'control', 'movedAt', now(),
      'error', 'Twilio 20429: Too many requests, on each of 25 attempts',
      'job', jsonb_build_object('kind', 'sync-numbers', 'userId', ${tenant.id}::text)))`;
  await using operators = databaseSide(state);
  const { switchboard: { admin } } = await signUpOperator({ state, database: operators });
  await admin.setTenantLimits({
    userId: tenant.id,
    limits: { dailyMessageLimit: 50, markup: 1.5 },
    validUntil: new Date(Date.now() + 30 * 86_400_000).toISOString(),
    reason: "A pilot until the contract is signed",
  });
}
