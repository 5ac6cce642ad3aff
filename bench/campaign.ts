import { eventually } from "../local/driver/eventually.ts";
import { progress } from "./measure.ts";
import { expectStatus, freshRecipient, runJobs, type Stage } from "./stage.ts";
import type { Row } from "./table.ts";

export interface CampaignOptions {
  recipients: number;
  /** The send rate of the campaign's number, in messages per second. */
  perSecond: number;
}

/** The rate at which Twilio gets a campaign's messages, beside the send rate of its number. */
export async function campaignRows(stage: Stage, { recipients, perSecond }: CampaignOptions): Promise<Row[]> {
  progress(`A campaign to ${recipients} recipients at ${perSecond} messages a second`);
  const { stack: { sql } } = stage;
  const sender = stage.senders[0]!;
  await sql`
    update public.user_twilio_numbers set messages_per_second = ${perSecond} where phone_number = ${sender.number}`;
  const numbers = new Set<string>();
  while (numbers.size < recipients) numbers.add(freshRecipient());
  const answer = await sender.call("send-bulk", {
    body: { body: "We open on Friday", recipients: [...numbers].map((to) => ({ to })) },
    headers: { "idempotency-key": crypto.randomUUID() },
  });
  expectStatus(answer, 202);
  const id = answer.body.campaign.id;
  const jobs = runJobs(stage.stack.state, 250);
  try {
    await eventually("the campaign to be sent", async () => {
      const [row] =
        await sql`select count(*)::int from public.sms_messages where campaign_id = ${id} and status = 'delivered'`;
      return row!["count"] === recipients;
    }, 60_000 + 4 * 1000 * recipients / perSecond);
  } finally {
    await jobs.stop();
  }
  // When they were reserved, a moment before Twilio got them. The last batch ends the measured time and counts no more.
  const [sent] = await sql`
    select count(*) filter (where created_at < latest)::int as messages,
      extract(epoch from max(latest) - min(created_at))::float8 as seconds
    from (select created_at, max(created_at) over () as latest from public.sms_messages where campaign_id = ${id}) m`;
  const achieved = sent!["messages"] / sent!["seconds"];
  return [{
    measure: "Campaign: sent per second beside the permitted rate",
    figures: `${achieved.toFixed(1)}/s : ${perSecond}/s`,
    value: achieved / perSecond,
  }];
}
