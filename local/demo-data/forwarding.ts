import type { ForwardDelivery } from "../../client/switchboard.ts";
import { runJobs } from "../driver/actor.ts";
import { eventually } from "../driver/eventually.ts";
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
  for (const delivery of failed) await moveDelivery(stack, delivery);
  await twilio.inbound({ from: "+14155550114", to, body: "And a baguette, please" });
  for (const conversation of await Array.fromAsync(switchboard.everyConversation({ unread: true }))) {
    await switchboard.markRead({ number: conversation.number, with: conversation.with });
  }
}

async function answerWith(url: string, status: number): Promise<void> {
  const response = await fetch(url, { method: "PUT", body: JSON.stringify({ status }) });
  if (!response.ok) throw new Error(`Cannot set the answer of "${url}": ${await response.text()}`);
  await response.body?.cancel();
}

/** Moves a failed delivery with its message to the past, where its attempts have the pauses between them that they have. */
async function moveDelivery({ sql, twilio }: DemoStack, { id }: ForwardDelivery): Promise<void> {
  const began = Date.now() - FAILING_HOURS_AGO * HOUR;
  await sql.begin(async (sql) => {
    const [delivery] = await sql<{ attempts: Record<string, unknown>[] }[]>`
      select attempts from public.forward_deliveries where id = ${id} for update`;
    // The pause doubles from two seconds, and is three quarters of that on average.
    const attempts = delivery!.attempts.map((attempt, index) => ({
      ...attempt,
      at: new Date(began + 1.5 * (2 ** index - 1) * 1000).toISOString(),
    }));
    await sql`
      update public.forward_deliveries set attempts = ${sql.json(attempts as never)}, created_at = ${new Date(began)}
      where id = ${id}`;
    const [message] = await sql<{ twilio_message_sid: string }[]>`
      update public.sms_messages set created_at = ${new Date(began)}, sent_at = ${new Date(began)},
        status_updated_at = ${new Date(began)}
      where id = ${id} returning twilio_message_sid`;
    await twilio.changeMessage(message!.twilio_message_sid, { at: new Date(began).toISOString() });
  });
}
