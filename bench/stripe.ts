import Stripe from "stripe";
import { callFunction } from "../local/driver/actor.ts";
import { eventually } from "../local/driver/eventually.ts";
import { duration, median, progress } from "./measure.ts";
import { expectStatus, type Stage } from "./stage.ts";
import type { Row } from "./table.ts";

export interface StripeOptions {
  rounds: number;
  /** Events per round. */
  events: number;
}

/** Longer than `run-jobs` takes to find its queue empty. */
const PAUSE_MS = 50;

/** `stripe-webhook` beside a function that verifies the signature and inserts the event. */
export async function stripeRows(stage: Stage, { rounds, events }: StripeOptions): Promise<Row[]> {
  const times = { "stripe-webhook": [] as number[], "bare-stripe-webhook": [] as number[] };
  for (let round = 0; round <= rounds; round++) {
    progress(`Stripe events: ${round === 0 ? "warming up" : `round ${round} of ${rounds}`}`);
    for (const [name, measured] of Object.entries(times)) {
      for (let index = 0; index < events; index++) {
        const id = `evt_${crypto.randomUUID()}`;
        const time = await duration(() => deliver(stage, name, id));
        if (round > 0) measured.push(time);
        // Its job would otherwise run beside the next request.
        if (name === "stripe-webhook") await processed(stage, id);
      }
    }
  }
  const [own, bare] = [median(times["stripe-webhook"]), median(times["bare-stripe-webhook"])];
  return [{
    measure: "stripe-webhook beside verify and insert, one at a time",
    figures: `${own.toFixed(1)} ms : ${bare.toFixed(1)} ms`,
    value: own / bare,
  }];
}

async function deliver({ stack: { state } }: Stage, name: string, id: string): Promise<void> {
  const payload = JSON.stringify({
    id,
    object: "event",
    type: "product.created",
    created: Math.floor(Date.now() / 1000),
    data: { object: { id: "prod_bench", object: "product", name: "Bench", metadata: { padding: "x".repeat(1000) } } },
  });
  const signature = await Stripe.webhooks.generateTestHeaderStringAsync({
    payload,
    secret: state.stripe.webhookSecret,
  });
  expectStatus(
    await callFunction(state, name, { method: "POST", body: payload, headers: { "stripe-signature": signature } }),
    200,
  );
}

/** Waits until the job of an event is done, and the call of `run-jobs` that ran it is over. */
async function processed({ stack: { sql } }: Stage, id: string): Promise<void> {
  await eventually(`event ${id} to be processed`, async () => {
    const [row] = await sql`select processed_at from public.webhook_events where event_id = ${id}`;
    return row?.["processed_at"];
  });
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}
