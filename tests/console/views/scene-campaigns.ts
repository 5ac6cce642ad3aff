import type { Actor } from "../../../local/driver/actor.ts";
import { eventually } from "../../../local/driver/eventually.ts";

/** Recipients that no conversation of the scene has. The last two cannot be reached. */
const RECIPIENTS = ["+14155550131", "+14155550132", "+14155550133", "+15005530003", "+15005550009"];
const NAMES = ["Ada", "Grace", "Maximiliane", "Jörg", "Zoë"];

const DAY_MS = 86_400_000;

/** Starts a campaign that ends within seconds, and one for next week. */
export async function startCampaigns({ switchboard }: Actor): Promise<{ campaign: string; ended: Promise<unknown> }> {
  const recipients = RECIPIENTS.map((to, index) => ({ to, variables: { "First Name": NAMES[index]! } }));
  const body = "Hi {{First Name}}, our spring sale begins on Monday: 20 % off everything. Reply STOP to opt out.";
  const { campaign } = await switchboard.sendBulk({ name: "Spring sale", body, recipients });
  await switchboard.sendBulk({
    body: "Hello {{First Name}}, the table that you booked is ready",
    recipients: recipients.slice(0, 3),
    scheduledAt: new Date(Date.now() + 7 * DAY_MS).toISOString(),
    sendWindow: { from: "09:00", to: "18:00", days: ["mon", "tue", "wed", "thu", "fri"] },
  });
  const { id } = campaign!;
  const ended = eventually("the end of the campaign", async () => {
    const { status, counts } = await switchboard.campaign(id);
    return status === "completed" && counts.inFlight + counts.sent === 0;
  }, 60_000);
  return { campaign: id, ended };
}
