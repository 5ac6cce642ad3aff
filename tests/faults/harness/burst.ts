import { onEachQueue } from "../../support/queues.ts";
import { parseKeyRing } from "../../../supabase/functions/_shared/sealing/key-ring.ts";
import { createStripe } from "../../../supabase/functions/_shared/stripe/client.ts";
import { type Stack, startStack } from "../../../local/stack.ts";
import { eventually } from "../../../local/driver/eventually.ts";
import { type StripeSide, stripeSide } from "../../../local/driver/stripe-side.ts";
import { twilioSide } from "../../../local/driver/twilio-side.ts";
import { judge } from "./verdict.ts";

const AT_ONCE = 10;
const SEALING_KEYS = JSON.stringify({ k1: btoa("y".repeat(32)) });
/** Longer than a lease, a job's visibility timeout, and the time in which a creation may still appear. */
const PATIENCE = "200 seconds";

export interface BurstReport {
  kills: number;
  created: number;
  violations: string[];
  /** The report as one line. */
  summary: string;
}

/**
 * Starts a whole stack. Many tenants subscribe at once while the process of the functions is killed repeatedly at random
 * moments. Then counts the results.
 */
export async function killDuringBurst(tenants: number, kills: number): Promise<BurstReport> {
  const stack = await startStack({ ephemeral: true, scheduler: 250, env: { TOKEN_SEALING_KEYS: SEALING_KEYS } });
  try {
    return await burst(stack, tenants, kills);
  } finally {
    await stack.stop();
  }
}

async function burst(stack: Stack, tenants: number, kills: number): Promise<BurstReport> {
  const { sql, state } = stack;
  const began = performance.now();
  const userIds = Array.from({ length: tenants }, () => crypto.randomUUID());
  await sql`insert into auth.users ${sql(userIds.map((id) => ({ id, email: `${id}@switchboard.test` })))}`;
  await Promise.all([subscribeAll([...userIds], stripeSide(state)), killAgainAndAgain(stack, kills)]);
  await comeToRest(stack);
  const { violations, ...figures } = await judge({
    sql,
    twilio: twilioSide(state),
    stripeApi: createStripe({ secretKey: state.stripe.secretKey ?? "", apiBaseUrl: state.stripe.url }),
    sealing: parseKeyRing(SEALING_KEYS),
    acknowledged: await acknowledgedBy(stack),
  }, userIds.map((userId) => ({ userId, account: ["active"] })));
  const created = await createdAt(stack);
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  const { orphans, duplicates, lost } = figures;
  const summary = `${tenants} tenants, ${kills} kills, ${created} accounts created, ${orphans} orphans, ` +
    `${duplicates} duplicates, ${lost} lost; ${seconds} s`;
  return { kills, created, violations, summary };
}

/** Buys a plan for every user, a few at a time. */
async function subscribeAll(userIds: string[], stripe: StripeSide): Promise<void> {
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (let userId = userIds.pop(); userId !== undefined; userId = userIds.pop()) {
      await stripe.subscribe({ clientReferenceId: userId, plan: "team" });
      await pause(Math.random() * 800);
    }
  }));
}

/** Kills the functions each time they serve again, after a short pause. Ages what they leave behind while no process runs. */
async function killAgainAndAgain(stack: Stack, kills: number): Promise<void> {
  for (let count = 0; count < kills; count++) {
    const { pid } = stack.state.functions;
    await pause(300 + Math.random() * 1_500);
    stack.killFunctions("SIGKILL");
    await pause(200); // its last calls end
    await leaveBehind(stack);
    await eventually("the functions to respond again", () => stack.state.functions.pid !== pid, 30_000);
  }
}

/** Ages what the killed process left behind: its leases end and its claimed jobs become due. No other process runs. */
async function leaveBehind({ sql }: Stack): Promise<void> {
  await sql`
    update private.tenancies set leased_until = leased_until - ${PATIENCE}::interval,
      create_attempted_at = create_attempted_at - ${PATIENCE}::interval`;
  await onEachQueue(sql, (queue) => sql`update ${queue} set vt = vt - ${PATIENCE}::interval`);
}

/** Makes the recurring jobs due that fetch missed events and look for drift, and waits until all jobs are done. */
async function comeToRest(stack: Stack): Promise<void> {
  const { sql } = stack;
  // An event of a type that is not fetched may be delivered late, and its job would still wait when the results are counted.
  await stripeSide(stack.state).fault({ deliveries: "paused" });
  await pause(1_000); // deliveries in progress end
  for (const name of ["fetch-missed-events", "converge-drifted", "sweep"]) {
    await sql`update private.schedules set due_at = now() where name = ${name}`;
    await eventually(`all jobs to be done after ${name}`, async () => {
      const [left] = await sql<{ jobs: number; due: number }[]>`
        select (select count(*)::int from private.jobs where message ->> 'kind' in ('converge', 'stripe-event', ${name})) as jobs,
          (select count(*)::int from private.schedules where name = ${name} and due_at <= now()) as due`;
      return left?.jobs === 0 && left.due === 0;
    }, 200_000);
  }
}

async function acknowledgedBy({ state }: Stack): Promise<Set<string>> {
  const response = await fetch(`${state.stripe.url}/_sim/events`);
  const { events } = await response.json() as { events: { id: string; delivery: string }[] };
  return new Set(events.filter(({ delivery }) => delivery === "delivered").map(({ id }) => id));
}

/** The number of our accounts Twilio has ever created, including closed ones. */
async function createdAt({ state }: Stack): Promise<number> {
  const { accounts } = await twilioSide(state).get("/Accounts.json?PageSize=1000");
  return accounts.filter(({ friendly_name: name }: { friendly_name: string }) => name.startsWith("switchboard:"))
    .length;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
