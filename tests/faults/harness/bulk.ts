import { onEachQueue } from "../../support/queues.ts";
import { type Stack, startStack } from "../../../local/stack.ts";
import { eventually } from "../../../local/driver/eventually.ts";
import { type TwilioSide, twilioSide } from "../../../local/driver/twilio-side.ts";
import type { Stage } from "../../support/stage.ts";
import { databaseSide } from "../../support/database-side.ts";
import { stripeSide } from "../../../local/driver/stripe-side.ts";
import { campaigner, freshRecipients, startCampaign } from "../../support/campaigning.ts";
import type { Caller } from "../../support/tenants.ts";

export interface BulkReport {
  violations: string[];
  /** The report as one line. */
  summary: string;
}

/** The age after which a message that Twilio does not have counts as not sent. */
const EVIDENCE_AFTER = "61 minutes";
const PATIENCE_MS = 240_000;

/**
 * Starts a whole stack and one campaign. Meanwhile the functions are killed repeatedly, Twilio's connection breaks before and
 * after it accepts a message, and its callbacks arrive late, twice and in any order. Then checks the result for every recipient.
 */
export async function killDuringBulk(recipients: number, kills: number): Promise<BulkReport> {
  const stack = await startStack({ ephemeral: true, scheduler: 100 });
  const database = databaseSide(stack.state);
  try {
    const stage = { state: stack.state, database, twilio: twilioSide(stack.state), stripe: stripeSide(stack.state) };
    return await bulk(stack, stage as unknown as Stage, recipients, kills);
  } finally {
    await database[Symbol.asyncDispose]();
    await stack.stop();
  }
}

async function bulk(stack: Stack, stage: Stage, recipients: number, kills: number): Promise<BulkReport> {
  const began = performance.now();
  const ada = await campaigner(stage, "ada", { number: 1000, account: 1000 });
  await trouble(stage.twilio, ada, recipients);
  const numbers = freshRecipients(recipients);
  const campaignId = await startCampaign(ada, numbers);
  await killAgainAndAgain(stack, campaignId, kills);
  await comeToRest(stack, campaignId);
  const { violations, tally } = await judge(stack, stage.twilio, ada, campaignId, numbers);
  const told = Object.entries(tally).map(([status, count]) => `${count} ${status}`).join(", ");
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  const summary =
    `${recipients} recipients, ${kills} kills: ${told}; ${violations.length} double or missing; ${seconds} s`;
  return { violations, summary };
}

/** Of every hundred requests, some never arrive or meet a full queue, some lose their response, and some callbacks are doubled, late or reordered. */
async function trouble(twilio: TwilioSide, { accountSid }: Caller, recipients: number): Promise<void> {
  const match = `POST /Accounts/${accountSid}/Messages`;
  const times = Math.ceil(recipients / 100);
  await twilio.configure({ listQueuedByDateSent: false });
  for (
    const fault of [
      { kind: "callbacks:reordered", times: recipients },
      { kind: "callbacks:doubled", times: times * 5 },
      { kind: "callbacks:late:500", times: times * 5 },
      { kind: "drop_before", times: 5 },
      { kind: "drop_after_commit", times: 5 },
      { kind: "429", retryAfter: 0, times: 20 },
      { kind: "error:21611", times: 5 },
      { kind: "503", body: "html", times: 5 },
    ]
  ) await twilio.fault({ match, ...fault });
}

/** Kills the process after each time the campaign has advanced, somewhere in the middle of the next batch. */
async function killAgainAndAgain(stack: Stack, campaignId: string, kills: number): Promise<void> {
  for (let count = 0; count < kills; count++) {
    const { pid } = stack.state.functions;
    const before = await waitingIn(stack, campaignId);
    if (before === 0) throw new Error(`The campaign finished before kill ${count + 1} of ${kills}`);
    await eventually("the campaign to advance", async () => await waitingIn(stack, campaignId) < before, 60_000);
    await pause(Math.random() * 400);
    stack.killFunctions("SIGKILL");
    await eventually("the functions to respond again", () => stack.state.functions.pid !== pid, 30_000);
    // The jobs the killed process had claimed become due now instead of in minutes. Its last calls to Twilio have ended.
    await onEachQueue(stack.sql, (queue) => stack.sql`update ${queue} set vt = now() where vt > now()`);
  }
}

async function waitingIn({ sql }: Stack, campaignId: string): Promise<number> {
  const [campaign] = await sql<{ waiting: number }[]>`select waiting from public.campaigns where id = ${campaignId}`;
  return campaign!.waiting;
}

/**
 * Waits until the campaign has handed over all messages and every message has a final status. Unknown messages are aged by
 * an hour, so that the job that looks for them at Twilio decides.
 */
async function comeToRest(stack: Stack, campaignId: string): Promise<void> {
  const { sql } = stack;
  await eventually("the campaign to be completed", async () => {
    const [campaign] = await sql<{ status: string }[]>`select status from public.campaigns where id = ${campaignId}`;
    // Messages that wait after a lost response continue now. A running job is claimed for longer than any such wait.
    await sql`
      update pgmq.q_jobs_campaigns set vt = now()
      where message ->> 'kind' = 'run-campaign' and vt between now() + interval '1 second' and now() + interval '140 seconds'`;
    return campaign?.status === "completed";
  }, PATIENCE_MS);
  await eventually("every message to reach a final status", async () => {
    await sql`
      update private.awaited_reports r set due_at = now()
      from public.sms_messages m
      where m.id = r.message_id and m.campaign_id = ${campaignId} and m.status < 'failed' and r.due_at > now()`;
    await sql`
      update public.sms_messages set created_at = created_at - ${EVIDENCE_AFTER}::interval
      where campaign_id = ${campaignId} and status in ('reserved', 'unknown') and created_at > now() - interval '1 hour'`;
    await sql`update private.schedules set due_at = now() where name in ('settle-messages', 'refresh-messages')`;
    await pause(300);
    const [left] = await sql<{ count: number }[]>`
      select count(*)::int as count from public.sms_messages
      where campaign_id = ${campaignId} and status not in ('delivered', 'not_sent', 'refused', 'failed')`;
    return left?.count === 0;
  }, PATIENCE_MS);
}

async function judge(
  { sql }: Stack,
  twilio: TwilioSide,
  { accountSid }: Caller,
  campaignId: string,
  numbers: string[],
): Promise<{ violations: string[]; tally: Record<string, number> }> {
  const sent = countsOf(await textsOf(twilio, accountSid));
  const rows = await sql<{ to: string; status: string; reason: string | null; sid: string | null }[]>`
    select r.to_number as to, m.status, m.error_message as reason, m.twilio_message_sid as sid
    from private.campaign_recipients r left join public.sms_messages m on m.id = r.message_id
    where r.campaign_id = ${campaignId}`;
  const byNumber = new Map(rows.map((row) => [row.to, row]));
  const violations: string[] = [];
  const tally: Record<string, number> = {};
  for (const number of numbers) {
    const row = byNumber.get(number);
    const times = sent.get(number) ?? 0;
    tally[row?.status ?? "missing"] = (tally[row?.status ?? "missing"] ?? 0) + 1;
    if (times > 1) violations.push(`${number} was sent ${times} times`);
    if (row === undefined || row.status === null) violations.push(`${number} is missing`);
    else if (row.status === "delivered" && times !== 1) {
      violations.push(`${number} is delivered, but Twilio has no such message`);
    } else if (row.status === "not_sent" && times !== 0) violations.push(`${number} is not_sent, but Twilio has it`);
    else if (row.status !== "delivered" && row.reason === null) {
      violations.push(`${number} is ${row.status} without a reason`);
    }
  }
  const [counts] = await sql<Record<string, number>[]>`
    select waiting, in_flight, sent, delivered, failed, unknown, skipped from public.campaigns where id = ${campaignId}`;
  const { delivered = 0, failed = 0 } = counts ?? {};
  if (delivered !== (tally["delivered"] ?? 0) || delivered + failed !== numbers.length) {
    violations.push(`the campaign counts ${JSON.stringify(counts)}`);
  }
  return { violations, tally };
}

/** The recipients of the messages Twilio accepted, one entry for each message. */
async function textsOf(twilio: TwilioSide, accountSid: string): Promise<string[]> {
  const texts: string[] = [];
  for (let page = 0;; page++) {
    const { messages, next_page_uri: next } = await twilio.get(
      `/Accounts/${accountSid}/Messages.json?PageSize=1000&Page=${page}`,
    );
    texts.push(...messages.map(({ to }: { to: string }) => to));
    if (next === null) return texts;
  }
}

function countsOf(values: string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
