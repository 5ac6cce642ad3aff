import assert from "node:assert/strict";
import type { Actor, Answer } from "../../local/driver/actor.ts";
import { eventually } from "../../local/driver/eventually.ts";
import type { Stage } from "./stage.ts";
import { allow, type Caller, withNumber } from "./tenants.ts";

/** The send rates of a campaign, in messages per second. */
export interface SendRates {
  /** Of the number. */
  number?: number;
  /** Of the tenant, over all their numbers. */
  account?: number;
}

/** Creates a tenant with a number and a plan that allows fast campaigns. */
export async function campaigner(stage: Stage, name: string, rates: SendRates = {}): Promise<Caller> {
  const tenant = await withNumber(stage, name);
  await allow(stage, tenant, { daily: 100_000, monthly: 100_000 });
  const { number = 500, account = 500 } = rates;
  await stage.database.sql`update public.plans set messages_per_second = ${account} where key = ${`of-${tenant.id}`}`;
  await stage.database.sql`
    update public.user_twilio_numbers set messages_per_second = ${number} where phone_number = ${tenant.number}`;
  return tenant;
}

/** Returns handsets in E.164 that no other list has. */
export function freshRecipients(count: number): string[] {
  const first = 2_000_000 + Math.floor(Math.random() * 7_000_000);
  return Array.from({ length: count }, (_, index) => `+1530${2_000_000 + ((first + index) % 7_999_999)}`);
}

/** Sends one text to all recipients. */
export function sendBulk(tenant: Actor, recipients: string[], more: Record<string, unknown> = {}): Promise<Answer> {
  const { key = crypto.randomUUID(), ...body } = more;
  return tenant.call("send-bulk", {
    body: { body: "Hello", recipients: recipients.map((to) => ({ to })), ...body },
    headers: { "idempotency-key": String(key) },
  });
}

/** Starts a campaign and returns its id. */
export async function startCampaign(
  tenant: Actor,
  recipients: string[],
  more: Record<string, unknown> = {},
): Promise<string> {
  const { status, body } = await sendBulk(tenant, recipients, more);
  assert.equal(status, 202, JSON.stringify(body));
  return body.campaign.id;
}

// deno-lint-ignore no-explicit-any -- the campaign as the API shows it, of which each test asserts what it needs
export type ShownCampaign = any;

/** Waits until the campaign meets a condition, and returns it. `nudge` runs before each read. */
export async function campaignBecomes(
  tenant: Actor,
  campaignId: string,
  isSo: (campaign: ShownCampaign) => boolean,
  { timeoutMs = 60_000, nudge = () => Promise.resolve() }: { timeoutMs?: number; nudge?: () => Promise<void> } = {},
): Promise<ShownCampaign> {
  let seen: ShownCampaign;
  return await eventually("the campaign to meet the condition", async () => {
    await nudge();
    seen = (await tenant.call(`campaigns/${campaignId}`)).body;
    return isSo(seen) && seen;
  }, timeoutMs).catch((error) => assert.fail(`${error.message}; it is ${JSON.stringify(seen)}`));
}

/** Whether the campaign is completed and every message has a final status. */
export const isSettled = ({ status, counts }: ShownCampaign): boolean =>
  status === "completed" && counts.waiting + counts.inFlight + counts.sent === 0;

/** Paused, and the calls that were in flight then are answered. */
export const isPaused = ({ status, counts }: ShownCampaign): boolean => status === "paused" && counts.inFlight === 0;
