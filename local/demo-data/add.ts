import { join } from "node:path";
import type postgres from "postgres";
import { DEMO_PASSWORD, demoTenants } from "../database/demo-users.ts";
import { signIn } from "../driver/actor.ts";
import { stripeSide } from "../driver/stripe-side.ts";
import { twilioSide } from "../driver/twilio-side.ts";
import { readTextFileIfThere } from "../files.ts";
import { type Log, timed } from "../log.ts";
import type { StackState } from "../stack-state.ts";
import { makeCampaigns } from "./campaigns.ts";
import { haveContacts } from "./contacts.ts";
import { forwardMessages } from "./forwarding.ts";
import { playHistory } from "./history.ts";
import { giveOperatorsWork } from "./operators.ts";
import { haveToday } from "./today.ts";
import type { DemoStack } from "./world.ts";

/** The stack cannot get demo data. The message says why, and what to do. */
export class DemoDataError extends Error {
  override readonly name = "DemoDataError";
}

interface Marker {
  begunAt: string;
  finishedAt: string | null;
}

/**
 * Gives a stack with simulators two tenants with a past, so that every screen has something to show. A stack that has the
 * data already stays as it is.
 * @throws DemoDataError if the stack uses a real account, or has other subscriptions, or an earlier run was interrupted
 */
export async function addDemoData(
  { state, sql }: { state: StackState; sql: postgres.Sql },
  log: Log,
): Promise<"added" | "there"> {
  if (!state.twilio.simulated || !state.stripe.simulated) {
    throw new DemoDataError(
      "Cannot add demo data: this stack uses a real account; unset TWILIO_ACCOUNT_SID and STRIPE_SECRET_KEY",
    );
  }
  const file = join(state.dataDir, "demo-data.json");
  const marker = await readMarker(file);
  if (marker !== null && marker.finishedAt !== null) return "there";
  if (marker !== null) {
    throw new DemoDataError(
      `Cannot add demo data to "${state.dataDir}": an earlier start was interrupted while it added them; remove that folder`,
    );
  }
  const [{ subscriptions }] = await sql<[{ subscriptions: number }]>`
    select count(*)::integer as subscriptions from public.subscriptions`;
  if (subscriptions > 0) {
    throw new DemoDataError(
      `Cannot add demo data to "${state.dataDir}": it has subscriptions already; set another folder with --data DIR`,
    );
  }
  const begunAt = new Date().toISOString();
  await writeMarker(file, { begunAt, finishedAt: null });
  await timed(log, "Demo data are ready", () => addAll({ state, sql }, log));
  await writeMarker(file, { begunAt, finishedAt: new Date().toISOString() });
  return "added";
}

async function addAll({ state, sql }: { state: StackState; sql: postgres.Sql }, log: Log): Promise<void> {
  const operator = state.users.find(({ role }) => role === "operator");
  if (operator === undefined) throw new Error("Cannot add demo data: the stack has no operator");
  const stack: DemoStack = {
    ...{ state, sql, log },
    twilio: twilioSide(state),
    stripe: stripeSide(state),
    operator: await signIn(state, operator),
    signIns: demoTenants(DEMO_PASSWORD),
  };
  const tenants = await playHistory(stack);
  await timed(log, "Demo data: contacts and opt-outs", () => haveContacts(stack, tenants));
  await timed(log, "Demo data: deliveries to a webhook", () => forwardMessages(stack, tenants));
  await timed(log, "Demo data: campaigns", () => makeCampaigns(stack, tenants));
  await timed(log, "Demo data: today's messages", () => haveToday(stack, tenants));
  await timed(log, "Demo data: usage compared with Twilio's", () => giveOperatorsWork(stack, tenants));
}

async function readMarker(file: string): Promise<Marker | null> {
  const text = await readTextFileIfThere(file);
  return text === null ? null : JSON.parse(text);
}

async function writeMarker(file: string, marker: Marker): Promise<void> {
  await Deno.writeTextFile(file, JSON.stringify(marker));
}
