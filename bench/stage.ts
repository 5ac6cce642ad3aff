import { randomInt } from "node:crypto";
import { fileURLToPath } from "node:url";
import { type Actor, type Answer, signUp } from "../local/driver/actor.ts";
import { eventually } from "../local/driver/eventually.ts";
import { type TwilioSide, twilioSide } from "../local/driver/twilio-side.ts";
import { whenLauncherEnds } from "../local/launcher.ts";
import { type Scheduler, startScheduler } from "../local/scheduler.ts";
import { type Stack, type StackState, startStack } from "../local/stack.ts";
import { progress } from "./measure.ts";

const SCHEMA = new URL("./schema.sql", import.meta.url);
const FOLDERS = ["./original", "./bare"].map((folder) => fileURLToPath(new URL(folder, import.meta.url)));

/** A tenant with a subaccount and a number. */
export interface Sender extends Actor {
  accountSid: string;
  number: string;
}

/** A running stack that serves the product, the original's flow and the bare functions. */
export interface Stage {
  stack: Stack;
  twilio: TwilioSide;
  /** Tenants of the product and of the original's flow. */
  senders: Sender[];
  /** A number of the master account. */
  masterNumber: string;
}

export interface StageOptions {
  /** How many tenants send. */
  senders: number;
  /** The version of Deno that runs the functions, or `own`. */
  deno: string;
}

/** Runs `work` on a stage, which stops afterwards, and when the process gets a signal. */
export async function withStage(options: StageOptions, work: (stage: Stage) => Promise<void>): Promise<void> {
  const stage = await startStage(options);
  const stop = () => void stage.stack.stop().finally(() => Deno.exit(130));
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) Deno.addSignalListener(signal, stop);
  await whenLauncherEnds(stop);
  try {
    await work(stage);
  } finally {
    progress("Stopping the stack");
    await stage.stack.stop();
  }
}

/** Starts the stack. No limit of a plan and no rate limit is ever reached, but each is checked. */
async function startStage({ senders, deno }: StageOptions): Promise<Stage> {
  progress(`Starting a stack, with the functions on Deno ${deno}`);
  const stack = await startStack({
    ephemeral: true,
    scheduler: false,
    functionFolders: FOLDERS,
    env: { RATE_LIMIT_FACTOR: "100000" },
    ...(deno !== "own" && { functionsDeno: deno }),
    ...(Deno.env.has("BENCH_LOG") && { log: (line: string) => console.error(line) }),
  });
  try {
    const { sql, state } = stack;
    await sql.unsafe(await Deno.readTextFile(SCHEMA));
    await sql`
      update public.plans set daily_message_limit = 100000000, monthly_message_limit = 100000000,
        spend_limit = 100000000, messages_per_second = 1000`;
    const twilio = twilioSide(state);
    const [master] = await twilio.numbersOf(state.twilio.accountSid);
    const stage: Stage = { stack, twilio, senders: [], masterNumber: master.phone_number };
    for (let index = 0; index < senders; index++) stage.senders.push(await newSender(stage));
    await eventually("the Data API to know the new tables", () => knowsTables(stage));
    return stage;
  } catch (error) {
    await stack.stop();
    throw error;
  }
}

/** Signs up a user, and gives them a subaccount and a number. */
export async function newTenant({ state }: Stack): Promise<Sender> {
  const actor = await signUp(state, "bench");
  const accountSid = await eventually("the subaccount to be active", async () => {
    return (await actor.switchboard.provisionSubaccount()).subaccountSid;
  });
  const { phoneNumber: number } = await actor.switchboard.buyNumber({
    phoneNumber: `+1628${randomInt(2_000_000, 9_999_999)}`,
  });
  return { ...actor, accountSid, number };
}

async function newSender({ stack, twilio }: Stage): Promise<Sender> {
  const tenant = await newTenant(stack);
  const { id, accountSid, number } = tenant;
  const { auth_token: token } = await twilio.get(`/Accounts/${accountSid}.json`);
  await stack.sql`
    insert into public.original_user_preferences (user_id, twilio_subaccount_sid, twilio_subaccount_auth_token)
    values (${id}, ${accountSid}, ${token})`;
  await stack.sql`insert into public.original_twilio_numbers (user_id, phone_number) values (${id}, ${number})`;
  return tenant;
}

async function knowsTables({ stack: { state } }: Stage): Promise<boolean> {
  const headers = { apikey: state.secretKey };
  const tables = ["original_sms_messages", "bare_messages", "bare_stripe_events"];
  const responses = await Promise.all(
    tables.map((table) => fetch(`${state.apiUrl}/rest/v1/${table}?limit=1`, { headers })),
  );
  await Promise.all(responses.map((response) => response.body?.cancel()));
  return responses.every(({ ok }) => ok);
}

/** A phone that no message was sent to, in E.164. */
export function freshRecipient(): string {
  return `+1707${randomInt(2_000_000, 9_999_999)}`;
}

/** Fails on a response other than `status`, so that an error never counts as a fast request. */
export function expectStatus({ status, body }: Answer, expected: number): void {
  if (status !== expected) throw new Error(`Expected ${expected}, got ${status}: ${JSON.stringify(body)}`);
}

/** Runs every job that is due now, so that none runs beside a measurement. */
export async function settleJobs({ stack: { state } }: Stage): Promise<void> {
  for (let calls = 0; calls < 3; calls++) {
    const jobs = runJobs(state, 1_000);
    await jobs.first;
    await jobs.stop();
  }
}

/** Calls `run-jobs` with a pause of `pauseMs` between two calls. */
export function runJobs({ apiUrl, secretKey }: StackState, pauseMs: number): Scheduler {
  return startScheduler({ url: `${apiUrl}/functions/v1/run-jobs`, secretKey, interval: pauseMs, log: progress });
}
