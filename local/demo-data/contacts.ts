import type { Switchboard } from "../../client/switchboard.ts";
import { eventually } from "../driver/eventually.ts";
import type { Business } from "./businesses.ts";
import type { DemoStack, DemoTenants } from "./world.ts";

const DAY = 24 * 3_600_000;

/** Recipients who had opted out before the bakery came to Switchboard. */
const OPTED_OUT_BEFORE = ["+14155550180", "+14155550181", "+15105550182", "+16505550183"];
/** The contact of the bakery who opts out. */
const LEAVING = "+14155550123";

/** Contacts of both tenants, whose messages of the past are read, and opt-outs of the bakery: imported ones, and a STOP. */
export async function haveContacts({ twilio }: DemoStack, { bakery, dentist }: DemoTenants): Promise<void> {
  const { switchboard } = bakery.actor;
  for (const { actor, business } of [bakery, dentist]) {
    await actor.switchboard.importContacts({ contacts: contactsOf(business) });
  }
  await switchboard.addOptOuts({
    optOuts: OPTED_OUT_BEFORE.map((recipient, index) => ({
      recipient,
      optedOutAt: new Date(Date.now() - (60 + 17 * index) * DAY).toISOString(),
    })),
    source: "imported",
  });
  await twilio.inbound({ from: LEAVING, to: bakery.business.numbers[0]!.phoneNumber, body: "STOP" });
  await eventually(
    "the opt-out to be stored",
    async () => (await switchboard.optOuts()).optOuts.length > OPTED_OUT_BEFORE.length,
  );
  for (const { actor } of [bakery, dentist]) await readAll(actor.switchboard);
}

/** Marks all conversations as read. */
export async function readAll(switchboard: Switchboard): Promise<void> {
  const unread = await Array.fromAsync(switchboard.everyConversation({ unread: true }));
  for (const { number, with: peer } of unread) await switchboard.markRead({ number, with: peer });
}

function contactsOf({ people }: Business) {
  return people.map(({ name, phoneNumber, tags, notes }) => ({
    ...{ name, phoneNumber, tags },
    ...(notes !== undefined && { notes }),
  }));
}
