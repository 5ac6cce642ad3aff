import type { Account } from "./records.ts";
import type { World } from "./world.ts";

/** What tests and developers ask of the world: accounts with names, states, numbers and counts. No token is in it. */
export function stateSummary(world: World): Record<string, unknown> {
  return {
    revision: world.revision,
    masterSid: world.masterSid,
    accounts: [...world.accounts.values()].map((account) => accountSummary(world, account)),
    optOuts: world.optOuts(),
    triggers: world.triggers.size,
  };
}

function accountSummary(world: World, account: Account): Record<string, unknown> {
  const messages = world.messagesOf(account.sid);
  const inbound = messages.filter((message) => message.direction === "inbound").length;
  return {
    sid: account.sid,
    ownerSid: account.ownerSid,
    friendlyName: account.friendlyName,
    status: account.status,
    type: account.type,
    hasSecondaryToken: account.secondaryToken !== null,
    numbers: world.numbersOf(account.sid).map(({ sid, phoneNumber, friendlyName, smsUrl, capabilities }) => ({
      ...{ sid, phoneNumber, friendlyName, smsUrl, capabilities },
    })),
    messages: { inbound, outbound: messages.length - inbound, total: messages.length },
  };
}
