import type postgres from "postgres";
import { runJobs } from "../driver/actor.ts";
import { eventually } from "../driver/eventually.ts";
import { readAll } from "./contacts.ts";
import { moveMessages } from "./past.ts";
import type { DemoStack, DemoTenants } from "./world.ts";

const HOUR = 3_600_000;
/** When the bakery's webhook had its bad hours, in which two messages arrived. */
const FAILING_HOURS_AGO = 28;

/**
 * Gives the bakery a webhook, which answers for a while with 503: the deliveries of two messages fail for good, and become
 * dead letters. The receiver is the stack's own (`/_sim/receiver`).
 */
export async function forwardMessages(stack: DemoStack, { bakery }: DemoTenants): Promise<void> {
  const { state, sql, twilio } = stack;
  const { switchboard } = bakery.actor;
  const url = `${state.apiUrl}/_sim/receiver`;
  await answerWith(url, 204);
  await switchboard.saveForwardWebhook({ url });
  await switchboard.confirmForwardWebhook();
  const to = bakery.business.numbers[0]!.phoneNumber;
  await answerWith(url, 503);
  await twilio.inbound({ from: "+14155550114", to, body: "Two sourdough for Friday, as always?" });
  await twilio.inbound({ from: "+14085550126", to, body: "Is the cake stand still at your shop?" });
  const failed = await eventually("the last attempts of both deliveries", async () => {
    await sql`update pgmq.q_jobs_forwarding set vt = now() where vt > now() and read_ct > 0`;
    await runJobs(state, "forwarding");
    const { deliveries } = await switchboard.forwardDeliveries({ status: "failed" });
    return deliveries.length === 2 && deliveries;
  });
  await answerWith(url, 204);
  for (const { id } of failed) await moveAttempts(stack, id);
  await moveMessages(sql, twilio, bakery.actor.id, failed.map(({ id }) => id), FAILING_HOURS_AGO * 3600);
  await readAll(switchboard);
}

async function answerWith(url: string, status: number): Promise<void> {
  const response = await fetch(url, { method: "PUT", body: JSON.stringify({ status }) });
  if (!response.ok) throw new Error(`Cannot set the answer of "${url}": ${await response.text()}`);
  await response.body?.cancel();
}

/** Moves the attempts of a failed delivery into the past, with the pauses that there are between attempts. */
async function moveAttempts({ sql }: DemoStack, deliveryId: string): Promise<void> {
  const began = Date.now() - FAILING_HOURS_AGO * HOUR;
  const [delivery] = await sql<{ attempts: Record<string, postgres.JSONValue>[] }[]>`
    select attempts from public.forward_deliveries where id = ${deliveryId}`;
  // The pause doubles from two seconds, and is three quarters of that on average.
  const attempts = delivery!.attempts.map((attempt, index) => ({
    ...attempt,
    at: new Date(began + 1.5 * (2 ** index - 1) * 1000).toISOString(),
  }));
  await sql`
    update public.forward_deliveries set attempts = ${sql.json(attempts)}, created_at = ${new Date(began)}
    where id = ${deliveryId}`;
}
