import Stripe from "stripe";
import { callFunction } from "../../local/driver/actor.ts";
import { eventually } from "../../local/driver/eventually.ts";
import { progress } from "../measure.ts";
import type { Stack } from "../../local/stack.ts";
import { expectStatus, freshRecipient, newTenant, runJobs } from "../stage.ts";
import type { Row } from "../table.ts";
import type { Filled } from "./database.ts";

const EVENTS = 5;
const MOST_SECONDS = 2;
/** Enough that no campaign ends while events arrive, at one message a second. */
const RECIPIENTS = 300;
/** Once so many campaigns have sent, no worker is free. */
const ENOUGH_TO_FILL_THE_SLOTS = 8;
const LONGEST_WAIT_MS = 60_000;

/**
 * How long a Stripe event waits while campaigns run: from its response until its job is done. The scheduled jobs are put
 * off and the waiting jobs removed, so that campaigns alone keep the workers busy.
 */
export async function stripeEventRows({ stack, tenants }: Filled, campaigns: number): Promise<Row[]> {
  const { sql, state } = stack;
  progress("Removing the waiting jobs");
  await sql`select pgmq.purge_queue(q.queue_name) from pgmq.list_queues() q`;
  await sql`update private.schedules set due_at = now() + interval '1 day'`;
  await sql`
    update public.plans set daily_message_limit = 1000000, monthly_message_limit = 1000000, spend_limit = 1000000`;
  for (let index = 0; index < campaigns; index++) {
    if (index % 5 === 0) progress(`${campaigns} campaigns: ${index} started`);
    const tenant = await newTenant(stack);
    const recipients = Array.from({ length: RECIPIENTS }, () => ({ to: freshRecipient() }));
    const started = await tenant.call("send-bulk", {
      body: { body: "We open on Friday", recipients },
      headers: { "idempotency-key": crypto.randomUUID() },
    });
    expectStatus(started, 202);
  }
  const jobs = runJobs(state, 1_000);
  try {
    await eventually("every campaign to run", async () => {
      const [row] = await sql`
        select count(distinct m.campaign_id)::int as running from public.sms_messages m
        where m.campaign_id is not null and m.created_at > now() - interval '10 minutes'`;
      return row!["running"] >= Math.min(campaigns, ENOUGH_TO_FILL_THE_SLOTS);
    }, 120_000);
    const waits: number[] = [];
    for (let event = 0; event < EVENTS; event++) {
      progress(`Stripe event ${event + 1} of ${EVENTS}, while campaigns run`);
      waits.push(await waitOfEvent(stack));
    }
    return [{
      measure: `Stripe event until its job is done, at ${tenants} tenants, while ${campaigns} campaigns run`,
      figures: `the longest of ${EVENTS}`,
      value: Math.max(...waits) / 1000,
      unit: "s",
      goal: { atMost: MOST_SECONDS },
    }];
  } finally {
    await jobs.stop();
  }
}

async function waitOfEvent({ sql, state }: Stack): Promise<number> {
  const id = `evt_${crypto.randomUUID()}`;
  const payload = JSON.stringify({
    id,
    object: "event",
    type: "product.created",
    created: Math.floor(Date.now() / 1000),
    data: { object: { id: "prod_bench", object: "product" } },
  });
  const signature = await Stripe.webhooks.generateTestHeaderStringAsync({
    payload,
    secret: state.stripe.webhookSecret,
  });
  expectStatus(
    await callFunction(state, "stripe-webhook", {
      method: "POST",
      body: payload,
      headers: { "stripe-signature": signature },
    }),
    200,
  );
  const began = performance.now();
  await eventually(`event ${id} to be processed`, async () => {
    const [row] = await sql`select processed_at from public.webhook_events where event_id = ${id}`;
    return row?.["processed_at"];
  }, LONGEST_WAIT_MS).catch((error: unknown) => progress(`${error instanceof Error ? error.message : error}`));
  return performance.now() - began;
}
