import { statusOf } from "./account-status.ts";
import type { Account } from "./records.ts";
import type { Simulation } from "./simulation.ts";

/** Returns the accounts with their names, statuses, numbers and message counts, for tests. Contains no tokens. */
export function stateSummary(simulation: Simulation): Record<string, unknown> {
  const { store } = simulation;
  return {
    revision: store.revision,
    masterSid: store.masterSid,
    accounts: [...store.accounts.values()].map((account) => accountSummary(simulation, account)),
    optOuts: store.optOuts(),
    triggers: store.triggers.size,
  };
}

function accountSummary(simulation: Simulation, account: Account): Record<string, unknown> {
  const { store } = simulation;
  const messages = store.messagesOf(account.sid);
  const inbound = messages.filter((message) => message.direction === "inbound").length;
  return {
    sid: account.sid,
    ownerSid: account.ownerSid,
    friendlyName: account.friendlyName,
    status: statusOf(simulation, account),
    type: account.type,
    hasSecondaryToken: account.secondaryToken !== null,
    numbers: store.numbersOf(account.sid).map(({ sid, phoneNumber, friendlyName, smsUrl, capabilities }) => ({
      ...{ sid, phoneNumber, friendlyName, smsUrl, capabilities },
    })),
    messages: { inbound, outbound: messages.length - inbound, total: messages.length },
  };
}
