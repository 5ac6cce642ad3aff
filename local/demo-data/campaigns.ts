import type postgres from "postgres";
import type { TwilioSide } from "../driver/twilio-side.ts";
import { GUESTS } from "./businesses.ts";
import { afterJobs } from "./jobs.ts";
import { moveMessages, withoutTriggers } from "./past.ts";
import type { DemoStack, DemoTenants } from "./world.ts";

/** Recipients that Twilio cannot deliver to, with its error. */
const FAILING = [
  { to: GUESTS[30]!, errorCode: 30003 },
  { to: GUESTS[31]!, errorCode: 30005 },
  { to: GUESTS[32]!, errorCode: 30006 },
];
const DAY = 24 * 3_600_000;
const FINISHED_DAYS_AGO = 2;

/**
 * The bakery's campaigns: one is finished, with failures and a recipient who opted out, one is scheduled, and one is paused,
 * because the number is not registered.
 */
export async function makeCampaigns(stack: DemoStack, { bakery }: DemoTenants): Promise<void> {
  const { sql, twilio } = stack;
  const { actor: { switchboard }, business: { people, numbers } } = bakery;
  for (const { to, errorCode } of FAILING) await twilio.decide(to, { status: "undelivered", errorCode });
  const contacts = people.map(({ name, phoneNumber: to }) => ({ to, variables: { name: name.split(" ")[0]! } }));
  const guests = GUESTS.map((to) => ({ to, variables: { name: "neighbor" } }));
  const { campaign: finished } = await switchboard.sendBulk({
    name: "Winter menu",
    body:
      "Hi {{name}}, our winter menu is here: pear tart, chestnut rolls and spiced buns. Show this text for a free coffee.",
    recipients: [...contacts, ...guests],
  }, { idempotencyKey: "demo-winter-menu" });
  await switchboard.sendBulk({
    name: "Holiday pre-orders",
    body: "Hi {{name}}, holiday pre-orders open today. Reply with your wishes, and we hold them for you.",
    recipients: contacts,
    scheduledAt: new Date(Math.ceil(Date.now() / DAY + 3) * DAY + 18 * 3_600_000).toISOString(),
  }, { idempotencyKey: "demo-pre-orders" });
  await afterJobs(stack, "the campaign to be delivered", async () => {
    const { status, counts } = await switchboard.campaign(finished!.id);
    return status === "completed" && counts.waiting + counts.inFlight + counts.sent === 0;
  });
  await moveCampaign(sql, twilio, bakery.actor.id, finished!.id);
  // Twilio refuses the first recipient: the number is not registered for such messages. The others wait.
  await twilio.fault({ match: "POST /Messages", kind: "error:30034" });
  const { campaign: paused } = await switchboard.sendBulk({
    name: "Catering for offices",
    body: "Hi {{name}}, breakfast for your office from 12 people on, delivered at 8 am.",
    from: numbers[1]!.phoneNumber,
    recipients: contacts.slice(0, 12),
  }, { idempotencyKey: "demo-catering" });
  await afterJobs(
    stack,
    "the campaign to be paused",
    async () => (await switchboard.campaign(paused!.id)).status === "paused",
  );
  await twilio.clearFaults();
}

/** Moves a finished campaign with its messages into the past. */
async function moveCampaign(sql: postgres.Sql, twilio: TwilioSide, userId: string, campaignId: string): Promise<void> {
  const seconds = FINISHED_DAYS_AGO * DAY / 1000;
  const gone = `${seconds} seconds`;
  const messages = await sql<{ id: string }[]>`select id from public.sms_messages where campaign_id = ${campaignId}`;
  await moveMessages(sql, twilio, userId, messages.map(({ id }) => id), seconds);
  await withoutTriggers(sql, async (sql) => {
    await sql`
      update public.campaigns set created_at = created_at - ${gone}::interval, updated_at = updated_at - ${gone}::interval,
        started_at = started_at - ${gone}::interval, finished_at = finished_at - ${gone}::interval
      where id = ${campaignId}`;
    await sql`
      update public.audit_log set at = at - ${gone}::interval
      where user_id = ${userId} and details ->> 'campaignId' = ${campaignId}`;
  });
}
