import { balanceOf, statusOf } from "../account-status.ts";
import { usageNow } from "../charges.ts";
import { rfc2822 } from "../dates.ts";
import { ApiError, notFound, unauthenticated } from "../errors.ts";
import { newAuthToken, newSid } from "../identifiers.ts";
import { page } from "../paging.ts";
import type { Account, AccountStatus } from "../records.ts";
import type { Answer, ApiCall, Route } from "../router.ts";
import type { Simulation } from "../simulation.ts";

const SUBRESOURCES: Record<string, string> = {
  available_phone_numbers: "AvailablePhoneNumbers",
  balance: "Balance",
  incoming_phone_numbers: "IncomingPhoneNumbers",
  messages: "Messages",
  usage: "Usage",
};

/** `/Accounts`: create, rename, suspend, reactivate and close subaccounts. */
export const accountRoutes: Route[] = [
  { method: "POST", pattern: "/2010-04-01/Accounts", handle: createAccount },
  { method: "GET", pattern: "/2010-04-01/Accounts", handle: listAccounts },
  { method: "GET", pattern: "/2010-04-01/Accounts/:account", handle: fetchAccount },
  { method: "POST", pattern: "/2010-04-01/Accounts/:account", handle: updateAccount },
  { method: "GET", pattern: "/2010-04-01/Accounts/:account/Balance", handle: fetchBalance },
];

/** Creates an account without adding it to a store. Without `ownerSid` it is a master account, which owns itself. */
export function newAccount(seq: number, friendlyName: string, ownerSid?: string): Account {
  const sid = newSid("AC");
  const now = Date.now();
  return {
    seq,
    sid,
    ownerSid: ownerSid ?? sid,
    friendlyName,
    status: "active",
    type: "Full",
    authToken: newAuthToken(),
    secondaryToken: null,
    createdAt: now,
    updatedAt: now,
  };
}

function createAccount({ simulation, actor, form }: ApiCall): Answer {
  const { store, settings } = simulation;
  if (actor.ownerSid !== actor.sid) throw new ApiError(21101, "Subaccounts cannot contain subaccounts");
  const open = store.subaccountsOf(actor.sid).filter((account) => account.status !== "closed");
  const limit = settings.trialVerifiedNumbers ? 1 : settings.maxSubaccounts;
  if (open.length >= limit) throw new ApiError(21480, "Reached maximum number of subaccounts");
  const name = form.get("FriendlyName") || `SubAccount Created at ${new Date().toISOString().slice(0, 16)}`;
  const account = newAccount(store.nextSeq(), checkedName(name), actor.sid);
  account.type = actor.type;
  store.accounts.set(account.sid, account);
  store.changed();
  return { status: 201, body: accountBody(simulation, account) };
}

function listAccounts(call: ApiCall): Answer {
  const name = call.query.get("FriendlyName");
  const status = call.query.get("Status");
  const visible = [call.actor, ...call.simulation.store.subaccountsOf(call.actor.sid)]
    .filter((account) => name === null || account.friendlyName === name)
    .filter((account) => status === null || statusOf(call.simulation, account) === status)
    .sort((left, right) => right.seq - left.seq);
  return { status: 200, body: page(call, "accounts", visible, (account) => accountBody(call.simulation, account)) };
}

function fetchAccount({ simulation, account }: ApiCall): Answer {
  return { status: 200, body: accountBody(simulation, account) };
}

function updateAccount({ simulation, actor, account, form }: ApiCall): Answer {
  const name = form.get("FriendlyName");
  const status = form.get("Status");
  if (name !== null) checkedName(name);
  if (status !== null) changeStatus(simulation, actor, account, status);
  if (name !== null) account.friendlyName = name;
  account.updatedAt = Date.now();
  simulation.store.changed();
  return { status: 200, body: accountBody(simulation, account) };
}

/** Only the parent can change a status, and not its own. `closed` is final and releases the account's numbers. */
function changeStatus(simulation: Simulation, actor: Account, account: Account, status: string): void {
  if (!isStatus(status)) throw new ApiError(21475, `Unable to update Status, invalid Status '${status}'`);
  if (account.ownerSid === account.sid) throw new ApiError(21477, "Unable to update Status for parent accounts");
  if (actor.sid !== account.ownerSid) throw unauthenticated();
  if (account.status === "closed") {
    throw new ApiError(21479, "Unable to update Status for subaccount, subaccount has been closed");
  }
  if (statusOf(simulation, actor) !== "active") {
    throw new ApiError(21476, "Unable to update Status for subaccount, parent account is suspended");
  }
  account.status = status;
  if (status === "closed") {
    const { store } = simulation;
    for (const number of store.numbersOf(account.sid)) store.release(number, usageNow(simulation));
  }
}

function fetchBalance({ simulation, account, path }: ApiCall): Answer {
  if (account.ownerSid !== account.sid) throw notFound(path);
  const balance = balanceOf(simulation.store, simulation.settings.funds ?? 100);
  return { status: 200, body: { account_sid: account.sid, balance: balance.toFixed(5), currency: "USD" } };
}

function checkedName(name: string): string {
  if (name.length < 1 || name.length > 64) {
    throw new ApiError(20002, `Invalid FriendlyName '${name}': it must be between 1 and 64 characters long`);
  }
  return name;
}

function isStatus(text: string): text is AccountStatus {
  return text === "active" || text === "suspended" || text === "closed";
}

function accountBody(simulation: Simulation, account: Account): Record<string, unknown> {
  const base = `/2010-04-01/Accounts/${account.sid}`;
  return {
    sid: account.sid,
    owner_account_sid: account.ownerSid,
    friendly_name: account.friendlyName,
    status: statusOf(simulation, account),
    type: account.type,
    auth_token: account.authToken,
    date_created: rfc2822(account.createdAt),
    date_updated: rfc2822(account.updatedAt),
    uri: `${base}.json`,
    subresource_uris: Object.fromEntries(
      Object.entries(SUBRESOURCES).map(([name, segment]) => [name, `${base}/${segment}.json`]),
    ),
  };
}
