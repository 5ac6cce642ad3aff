import { eventually } from "../driver/eventually.ts";
import type { DemoStack, DemoTenants } from "./world.ts";

const UNREACHABLE = "+16285550121";

/** What arrives at the bakery and is not read yet. */
const ARRIVING = [
  { from: "+16505550118", body: "Is the almond croissant back?" },
  { from: "+14155550112", body: "Could we add ten more pastries to Friday's order?" },
  { from: "+14155550124", body: "Running late, can I come at 6:15?" },
  { from: "+14085550184", body: "Hi! A friend recommended you. Do you make gluten-free cakes?" },
];

/** What the bakery sends and receives just now. */
export async function haveToday({ twilio }: DemoStack, { bakery }: DemoTenants): Promise<void> {
  const { switchboard } = bakery.actor;
  const to = bakery.business.numbers[0]!.phoneNumber;
  const maya = { number: to, with: "+14155550110" };
  await twilio.decide(UNREACHABLE, { status: "undelivered", errorCode: 30005 });
  await switchboard.sendSms({ to: UNREACHABLE, body: "Hi Marcus, your order is ready for pickup until 6 pm." });
  await switchboard.sendSms({ to: maya.with, body: "Hi Maya, your order is ready for pickup until 6 pm." });
  await twilio.inbound({ from: maya.with, to, body: "Thanks, see you at five" });
  await eventually(
    "the answer to be stored",
    async () => (await switchboard.listConversations(maya)).conversations[0]?.lastMessage.direction === "inbound",
  );
  await switchboard.markRead(maya);
  for (const { from, body } of ARRIVING) await twilio.inbound({ from, to, body });
  await eventually("what arrives to be stored, and the failure to be reported", async () => {
    const { unreadConversations } = await switchboard.listConversations({ limit: 1 });
    const { messages: [failed] } = await switchboard.listMessages({ with: UNREACHABLE, limit: 1 });
    return unreadConversations === ARRIVING.length && failed?.status === "undelivered";
  });
}
