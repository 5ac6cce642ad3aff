import { requireActive, statusOf } from "../account-status.ts";
import { usageNow } from "../charges.ts";
import { ApiError, notFound } from "../errors.ts";
import { listedNumbers, numberBody } from "./incoming-number-body.ts";
import { applyNumberSettings, checkNumberSettings } from "./incoming-number-settings.ts";
import { newPhoneNumber } from "../purchase.ts";
import { page } from "../paging.ts";
import type { Account, NumberType, PhoneNumber } from "../records.ts";
import { regulationOf, type RegulatoryInformation, requireRegulatoryInformation } from "../regulation.ts";
import type { Answer, ApiCall, Route } from "../router.ts";

const BASE = "/2010-04-01/Accounts/:account/IncomingPhoneNumbers";

/**
 * `/IncomingPhoneNumbers`: buy, configure, move and release the numbers of an account. Nothing changes in a suspended account, also
 * not as its parent.
 */
export const incomingNumberRoutes: Route[] = [
  { method: "POST", pattern: BASE, needsActiveAccount: true, handle: buyNumber },
  { method: "GET", pattern: BASE, handle: (call) => listNumbers(call) },
  { method: "GET", pattern: `${BASE}/Local`, handle: (call) => listNumbers(call, "local") },
  { method: "GET", pattern: `${BASE}/Mobile`, handle: (call) => listNumbers(call, "mobile") },
  { method: "GET", pattern: `${BASE}/TollFree`, handle: (call) => listNumbers(call, "toll-free") },
  { method: "GET", pattern: `${BASE}/:sid`, handle: (call) => ({ status: 200, body: numberBody(numberOf(call)) }) },
  { method: "POST", pattern: `${BASE}/:sid`, needsActiveAccount: true, handle: updateNumber },
  { method: "DELETE", pattern: `${BASE}/:sid`, needsActiveAccount: true, handle: releaseNumber },
];

function buyNumber({ simulation, account, form }: ApiCall): Answer {
  checkNumberSettings(form);
  const number = newPhoneNumber(simulation.store, account.sid, {
    phoneNumber: form.get("PhoneNumber"),
    areaCode: form.get("AreaCode"),
    ...regulatoryInformationIn(form),
  }, simulation.settings.regulations);
  applyNumberSettings(number, form);
  simulation.store.changed();
  return { status: 201, body: numberBody(number) };
}

function listNumbers(call: ApiCall, type?: NumberType): Answer {
  const numbers = listedNumbers(call.simulation.store.numbersOf(call.account.sid), call.query, type);
  return { status: 200, body: page(call, "incoming_phone_numbers", numbers, numberBody) };
}

function updateNumber(call: ApiCall): Answer {
  const number = numberOf(call);
  checkNumberSettings(call.form);
  const newOwner = call.form.get("AccountSid");
  if (newOwner !== null && newOwner !== number.accountSid) moveNumber(call, number, newOwner);
  else updateRegulatoryInformation(call, number);
  applyNumberSettings(number, call.form);
  number.updatedAt = Date.now();
  call.simulation.store.changed();
  return { status: 200, body: numberBody(number) };
}

/**
 * Only the parent can move a number, and only between its own accounts. The address and the bundle must be the new account's: those of
 * the old account do not move with the number.
 */
function moveNumber({ simulation, actor, form }: ApiCall, number: PhoneNumber, newOwner: string): void {
  if (actor.ownerSid !== actor.sid) {
    throw new ApiError(21474, "API User must be the parent account to transfer phone numbers");
  }
  const account: Account | undefined = simulation.store.accounts.get(newOwner);
  if (!account) throw new ApiError(21471, `Account '${newOwner}' does not exist`);
  if (account.ownerSid !== actor.sid) {
    throw new ApiError(21473, "AccountSid you are transferring to is not related to the owner of the phone number");
  }
  if (statusOf(simulation, account) !== "active") throw new ApiError(21472, `Account '${newOwner}' is not active`);
  requireActive(simulation, actor);
  const regulatory = regulatoryInformationIn(form);
  const { store, settings: { regulations } } = simulation;
  if (!regulatory.addressSid && regulationOf(regulations, number).address !== "none") {
    throw new ApiError(21613, "PhoneNumber Requires an Address");
  }
  requireRegulatoryInformation(store, regulations, { ...number, accountSid: account.sid }, regulatory);
  Object.assign(number, regulatory, { accountSid: account.sid });
  const purchase = store.purchaseOf(number.sid);
  if (purchase) (purchase.moves ??= []).push({ at: usageNow(simulation), accountSid: account.sid });
}

function updateRegulatoryInformation({ simulation, form }: ApiCall, number: PhoneNumber): void {
  const { addressSid, bundleSid } = regulatoryInformationIn(form);
  if (!addressSid && !bundleSid) return;
  const regulatory = { addressSid: addressSid ?? number.addressSid, bundleSid: bundleSid ?? number.bundleSid };
  requireRegulatoryInformation(simulation.store, simulation.settings.regulations, number, regulatory);
  Object.assign(number, regulatory);
}

function regulatoryInformationIn(form: URLSearchParams): RegulatoryInformation {
  return { addressSid: form.get("AddressSid") || null, bundleSid: form.get("BundleSid") || null };
}

function releaseNumber(call: ApiCall): Answer {
  call.simulation.store.release(numberOf(call), usageNow(call.simulation));
  return { status: 204 };
}

function numberOf({ simulation, account, params, path }: ApiCall): PhoneNumber {
  const number = simulation.store.numbers.get(params["sid"] ?? "");
  if (number?.accountSid !== account.sid) throw notFound(path);
  return number;
}
