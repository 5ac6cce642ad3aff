import { eventually } from "../driver/eventually.ts";
import type { Business } from "./businesses.ts";
import type { DemoStack, DemoTenants } from "./world.ts";

/** Who has opted out before they came to Switchboard. */
const OPTED_OUT_BEFORE = ["+14155550180", "+14155550181", "+15105550182", "+16505550183"];
/** The person of the bakery who opts out today. */
export const LEAVING = "+14155550123";
const UNREACHABLE = "+16285550121";

/** What arrives at the bakery today and is not read yet. */
const ARRIVING = [
  { from: "+16505550118", body: "Is the almond croissant back?" },
  { from: "+14155550112", body: "Could we add ten more pastries to Friday's order?" },
  { from: "+14155550124", body: "Running late, can I come at 6:15?" },
  { from: "+14085550184", body: "Hi! A friend recommended you. Do you make gluten-free cakes?" },
];

/** Contacts and opt-outs of both tenants; and of the bakery, what it sends and receives just now. */
export async function haveToday({ twilio }: DemoStack, { bakery, dentist }: DemoTenants): Promise<void> {
  for (const { actor: { switchboard }, business } of [bakery, dentist]) {
    await switchboard.importContacts({ contacts: contactsOf(business) });
    // What the past has left unread was read in the past.
    const unread = await Array.fromAsync(switchboard.everyConversation({ unread: true }));
    for (const conversation of unread) {
      await switchboard.markRead({ number: conversation.number, with: conversation.with });
    }
  }
  const { switchboard } = bakery.actor;
  await switchboard.addOptOuts({ optOuts: OPTED_OUT_BEFORE.map((recipient) => ({ recipient })), source: "imported" });
  const to = bakery.business.numbers[0]!.phoneNumber;
  await twilio.decide(UNREACHABLE, { status: "undelivered", errorCode: 30005 });
  await switchboard.sendSms({ to: UNREACHABLE, body: "Hi Marcus, your order is ready for pickup until 6 pm." });
  await switchboard.sendSms({ to: "+14155550110", body: "Hi Maya, your order is ready for pickup until 6 pm." });
  await twilio.inbound({ from: "+14155550110", to, body: "Thanks, see you at five" });
  await switchboard.markRead({ number: to, with: "+14155550110" });
  for (const { from, body } of ARRIVING) await twilio.inbound({ from, to, body });
  await twilio.inbound({ from: LEAVING, to, body: "STOP" });
  await eventually("what arrives to be stored, and the failure to be reported", async () => {
    const { unreadConversations } = await switchboard.listConversations({ limit: 1 });
    const { messages: [failed] } = await switchboard.listMessages({ with: UNREACHABLE, limit: 1 });
    const { optOuts } = await switchboard.optOuts();
    return unreadConversations >= ARRIVING.length && failed?.status === "undelivered" &&
      optOuts.length === OPTED_OUT_BEFORE.length + 1;
  });
}

function contactsOf({ people }: Business) {
  return people.map(({ name, phoneNumber, tags, notes }) => ({
    ...{ name, phoneNumber, tags },
    ...(notes !== undefined && { notes }),
  }));
}
