import { callFunction } from "../local/driver/actor.ts";
import { eventually } from "../local/driver/eventually.ts";
import { duration, interleaved, median, progress, ratio } from "./measure.ts";
import { expectStatus, freshRecipient, type Sender, type Stage } from "./stage.ts";
import type { Row } from "./table.ts";

const BODY = "Dear guest, we open on Friday. Reply STOP to hear no more of us.";

export interface SendsOptions {
  /** How often a block of requests is repeated. */
  rounds: number;
  /** Requests per round, one after another. */
  sequential: number;
  /** Messages per round with several in flight. */
  parallel: number;
  inFlight: number;
}

type Flow = "send-sms" | "original-send-sms" | "bare-send-sms";

/** When Twilio reports the first status. Short, because the wait is no part of what a message costs. */
const CALLBACKS_MS = 100;
const CALLBACKS_AFTER_ROUND_MS = 5_000;
const after = (sentMs: number) => ({ sentMs, deliveredMs: sentMs + 100, priceMs: sentMs + 200 });

/** `send-sms` beside a bare function and the original's flow: one request after another, and many in flight. */
export async function sendRows(stage: Stage, options: SendsOptions): Promise<Row[]> {
  return [...await sequentialRows(stage, options), ...await parallelRows(stage, options)];
}

async function sequentialRows(stage: Stage, { rounds, sequential }: SendsOptions): Promise<Row[]> {
  const flows: Flow[] = ["send-sms", "bare-send-sms", "original-send-sms"];
  // A round's callbacks come after its last request.
  await stage.twilio.configure({ lifecycle: after(CALLBACKS_AFTER_ROUND_MS) });
  const times: Record<Flow, number[]> = { "send-sms": [], "bare-send-sms": [], "original-send-sms": [] };
  for (let round = 0; round <= rounds; round++) {
    progress(`One request at a time: ${round === 0 ? "warming up" : `round ${round} of ${rounds}`}`);
    for (let index = 0; index < sequential; index++) {
      const sender = stage.senders[index % stage.senders.length]!;
      // One request of each in turn: what the machine does in between affects all of them alike.
      for (const flow of flows) {
        const time = await duration(() => send(stage, flow, sender));
        if (round > 0) times[flow].push(time);
      }
    }
    await quiet(stage);
    // As on a project that has run for a while: without statistics the planner guesses.
    if (round === 0) await stage.stack.sql`analyze`;
  }
  await stage.twilio.configure({ lifecycle: after(CALLBACKS_MS) });
  const figures = (flow: Flow) => `${median(times[flow]).toFixed(1)} ms`;
  const own = median(times["send-sms"]);
  return [{
    measure: "send-sms beside bare, one at a time",
    figures: `${figures("send-sms")} : ${figures("bare-send-sms")}`,
    value: own / median(times["bare-send-sms"]),
    goal: { atMost: 1.1 },
  }, {
    measure: "send-sms beside the original's flow, one at a time",
    figures: `${figures("send-sms")} : ${figures("original-send-sms")}`,
    value: own / median(times["original-send-sms"]),
  }];
}

async function parallelRows(stage: Stage, { rounds, parallel, inFlight }: SendsOptions): Promise<Row[]> {
  const rate = async (flow: Flow) => parallel / (await untilDelivered(stage, flow, parallel, inFlight) / 1000);
  const rates = await interleaved(`${inFlight} in flight, until delivered`, rounds, {
    product: () => rate("send-sms"),
    original: () => rate("original-send-sms"),
    bare: () => rate("bare-send-sms"),
  });
  const figures = (name: "product" | "original" | "bare") => `${median(rates[name]).toFixed(0)}/s`;
  return [{
    measure: `Messages delivered beside the original's flow, ${inFlight} in flight`,
    figures: `${figures("product")} : ${figures("original")}`,
    value: ratio(rates.product, rates.original),
    goal: { atLeast: 2 },
  }, {
    measure: `Messages delivered beside bare without callbacks, ${inFlight} in flight`,
    figures: `${figures("product")} : ${figures("bare")}`,
    value: ratio(rates.product, rates.bare),
  }];
}

async function send({ stack: { state }, masterNumber }: Stage, flow: Flow, sender: Sender): Promise<void> {
  const answer = await callFunction(state, flow, {
    body: { to: freshRecipient(), body: BODY, ...(flow === "bare-send-sms" && { from: masterNumber }) },
    headers: { authorization: `Bearer ${sender.accessToken}`, "idempotency-key": crypto.randomUUID() },
  });
  expectStatus(answer, 201);
}

/** How long it takes to send `count` messages with `inFlight` requests, until each final callback is recorded. */
async function untilDelivered(stage: Stage, flow: Flow, count: number, inFlight: number): Promise<number> {
  const before = await delivered(stage, flow);
  return await duration(async () => {
    let left = count;
    await Promise.all(Array.from({ length: inFlight }, async (_, worker) => {
      const sender = stage.senders[worker % stage.senders.length]!;
      while (left-- > 0) await send(stage, flow, sender);
    }));
    await eventually(
      `${count} messages of ${flow} to be delivered`,
      async () => await delivered(stage, flow) - before >= count,
    );
  });
}

/** How many messages have their final status. The bare function asks for no callbacks, so its messages have it when sent. */
async function delivered({ stack: { sql } }: Stage, flow: Flow): Promise<number> {
  const table = {
    "send-sms": "sms_messages",
    "original-send-sms": "original_sms_messages",
    "bare-send-sms": "bare_messages",
  };
  const status = flow === "bare-send-sms" ? "queued" : "delivered";
  const [row] = await sql`
    select count(*)::int from ${sql(`public.${table[flow]}`)} where status::text = ${status} and user_id is not null`;
  return row!["count"];
}

/** Waits until the callbacks of all sent messages are recorded. */
async function quiet(stage: Stage): Promise<void> {
  const { stack: { sql } } = stage;
  await eventually("all callbacks to be recorded", async () => {
    const [row] = await sql`
      select (select count(*) from public.sms_messages where status <> 'delivered')
        + (select count(*) from public.original_sms_messages where status <> 'delivered') as open`;
    return Number(row!["open"]) === 0;
  });
}
