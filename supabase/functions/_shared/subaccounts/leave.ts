import * as z from "zod";
import type { IncomingPhoneNumberInstance } from "twilio/lib/rest/api/v2010/account/incomingPhoneNumber.js";
import { renewLease } from "../accounts/lease.ts";
import { regulatoryParameters } from "../numbers/regulatory-information.ts";
import { capabilitiesOf } from "../numbers/shape.ts";
import { NO_WEBHOOK, tenantWebhook } from "../numbers/webhook.ts";
import { decide, decision, type Enum, rows } from "../platform/database.ts";
import type { Twilio } from "../twilio/client.ts";
import { failureOf, requireTwilioFailure } from "../twilio/errors.ts";
import { type ConvergedAccount, DONE, type Execution, type LeavingNumber, type Result } from "./convergence.ts";
import { type FoundAccount, requireActiveMaster } from "./look-up.ts";
import { keeperOf, type Leaving, suspendedByHand, type Wanted } from "./plan.ts";

const decideLeavingIn = decision("decide_leaving", {
  close: [],
  wait: [],
  listed: [],
  leave: ["numbers"],
  stopped: [],
  fenced: [],
});

const leavingNumbers = z.array(z.object({
  phoneSid: z.string(),
  action: z.enum(["release", "park"]),
  addressSid: z.string().nullable().transform((sid) => sid ?? undefined),
  bundleSid: z.string().nullable().transform((sid) => sid ?? undefined),
}));

/** Numbers that leave in one convergence. The next one continues, so that no job outlasts its lease or its queue's patience. */
const NUMBERS_AT_ONCE = 20;

/**
 * Decides what happens to an account that is to be closed, from its numbers at Twilio: those that may leave now are stored in
 * `execution`.
 */
export async function decideLeaving(
  wanted: Wanted,
  accounts: FoundAccount[],
  execution: Execution,
): Promise<Leaving | "stopped" | "fenced"> {
  const account = keeperOf(accounts);
  if (wanted !== "closed" || account === undefined) return "close";
  // It is adopted first: it must be the tenant's account before anything leaves it.
  if (account.sid !== execution.stored.subaccountSid) return "wait";
  const master = await execution.accounts.master();
  const listed = await master.numbersOf(account.sid).list({ pageSize: 1000 });
  const decided = await decideLeavingIn(execution.db, {
    p_user_id: execution.userId,
    p_fence: execution.fence,
    p_account_sid: account.sid,
    p_by_hand: suspendedByHand(execution.stored, account),
    p_numbers: listed.map(described),
  });
  if (decided.outcome === "leave") execution.leaving = leavingNumbers.parse(decided.numbers);
  return decided.outcome === "listed" ? "wait" : decided.outcome;
}

function described(number: IncomingPhoneNumberInstance) {
  const { sid: phoneSid, phoneNumber, friendlyName, capabilities, addressSid, bundleSid } = number;
  return {
    phoneSid,
    phoneNumber,
    friendlyName,
    capabilities: { ...capabilitiesOf(capabilities) },
    addressSid,
    bundleSid,
  };
}

/** Releases or parks the numbers that `decideLeaving` chose, one by one. */
export async function leaveNumbers(account: FoundAccount, execution: Execution): Promise<Result> {
  for (const number of execution.leaving.slice(0, NUMBERS_AT_ONCE)) {
    const result = await leave(number, account, execution);
    if (result === "suspended") return DONE; // the next look finds it
    if (result === "fenced") return { outcome: "fenced" };
  }
  return execution.leaving.length > NUMBERS_AT_ONCE ? { outcome: "waiting", until: execution.now() } : DONE;
}

/** How a step of one number ended. suspended: the account was suspended at Twilio meanwhile. */
type Ended = "done" | "suspended" | "fenced";

async function leave(number: LeavingNumber, account: FoundAccount, execution: Execution): Promise<Ended> {
  const { phoneSid, action } = number;
  const master = await execution.accounts.master();
  const context = master.numbersOf(account.sid)(phoneSid);
  const parked = { accountSid: execution.masterAccountSid, ...NO_WEBHOOK, ...regulatoryParameters(number) };
  return await step(phoneSid, action, account.sid, execution, {
    call: async () => void await (action === "release" ? context.remove() : context.update(parked)),
    then: action === "release" ? "nowhere" : "master",
    otherwise: "tenant",
    ownerSid: account.ownerSid,
  });
}

/** A call to Twilio that changes where a number is. */
interface Change {
  call(): Promise<void>;
  /** Where the number is after the call, and where it stays when Twilio refuses it. */
  then: Enum<"number_place">;
  otherwise: Enum<"number_place">;
  ownerSid: string;
}

/** One step of one number: noted before the call, and recorded after it. */
async function step(
  phoneSid: string,
  name: Enum<"leaving_step">,
  accountSid: string,
  execution: Execution,
  change: Change,
): Promise<Ended> {
  const noted = await decide(execution.db, "note_leaving_step", {
    p_user_id: execution.userId,
    p_fence: execution.fence,
    p_phone_sid: phoneSid,
    p_step: name,
  });
  if (noted !== "noted") return noted === "fenced" ? "fenced" : "done";
  try {
    await change.call();
  } catch (error) {
    return await afterFailedStep(error, phoneSid, accountSid, execution, change);
  }
  const recorded = await record(phoneSid, change.then, accountSid, null, execution);
  if (recorded === "fenced" && change.then === "master") {
    // The number is in the master account, and the new holder of the lease does not know it.
    await decide(execution.db, "report_moved_number", { p_user_id: execution.userId, p_phone_sid: phoneSid });
  }
  return recorded;
}

async function afterFailedStep(
  error: unknown,
  phoneSid: string,
  accountSid: string,
  execution: Execution,
  { otherwise, ownerSid }: Change,
): Promise<Ended> {
  const failure = requireTwilioFailure(error);
  switch (failure.kind) {
    case "not_found": // moved or released by another hand, or by an earlier call whose response was lost
      return await lookFor(phoneSid, accountSid, execution);
    case "account":
      await requireActiveMaster(await execution.accounts.master(), ownerSid);
      return "suspended";
    case "refused":
      return await record(phoneSid, otherwise, accountSid, failure.message, execution);
    case "unknown":
      execution.inDoubt = true;
      throw error;
    case "throttled":
      throw error;
  }
}

async function record(
  phoneSid: string,
  place: Enum<"number_place">,
  accountSid: string | null,
  reason: string | null,
  { db, userId, fence, requestId }: Execution,
): Promise<"done" | "fenced"> {
  const recorded = await decide(db, "record_leaving_step", {
    p_user_id: userId,
    p_fence: fence,
    p_phone_sid: phoneSid,
    p_place: place,
    p_account_sid: accountSid,
    p_reason: reason,
    p_request_id: requestId,
  });
  return recorded === "fenced" ? "fenced" : "done";
}

/** Looks in both accounts for a number and records where it is. */
async function lookFor(phoneSid: string, accountSid: string | null, execution: Execution): Promise<"done" | "fenced"> {
  const master = await execution.accounts.master();
  const place = await isIn(master, execution.masterAccountSid, phoneSid)
    ? "master"
    : accountSid !== null && await isIn(master, accountSid, phoneSid)
    ? "tenant"
    : "nowhere";
  return await record(phoneSid, place, accountSid, null, execution);
}

async function isIn(master: Twilio, accountSid: string, phoneSid: string): Promise<boolean> {
  try {
    await master.numbersOf(accountSid)(phoneSid).fetch();
    return true;
  } catch (error) {
    if (failureOf(error)?.kind === "not_found") return false;
    throw error;
  }
}

/** A number that Twilio refused to move, with Twilio's reason. */
export interface RefusedNumber {
  phoneNumber: string;
  reason: string;
}

/**
 * Moves the numbers of a duplicate to the account that is kept, because closing the duplicate releases what is left in it. The sync
 * of numbers then takes them in. Numbers that Twilio refuses to move, such as those of a suspended account, are named.
 * @returns null when the lease is lost
 */
export async function moveNumbers(
  duplicate: FoundAccount,
  keeper: FoundAccount,
  execution: Execution,
): Promise<{ moved: string[]; refused: RefusedNumber[] } | null> {
  const { db, userId, publicBaseUrl } = execution;
  const master = await execution.accounts.master();
  const numbers = master.numbersOf(duplicate.sid);
  const moved: string[] = [];
  const refused: RefusedNumber[] = [];
  for (const { sid, phoneNumber } of duplicate.numbers === 0 ? [] : await numbers.list({ pageSize: 1000 })) {
    if (!await renewLease(db, execution)) return null;
    try {
      await numbers(sid).update({ accountSid: keeper.sid, ...tenantWebhook(publicBaseUrl, userId) });
      moved.push(phoneNumber);
    } catch (error) {
      const failure = requireTwilioFailure(error);
      if (failure.kind === "unknown" || failure.kind === "throttled") throw error;
      if (failure.kind === "not_found") continue; // moved or released by another hand
      if (failure.kind === "account") await requireActiveMaster(master, keeper.ownerSid);
      refused.push({ phoneNumber, reason: failure.message });
    }
  }
  if (moved.length > 0) await decide(db, "report_sender_trouble", { p_user_id: userId });
  return { moved, refused };
}

/** After as many looks every number has come to rest: what was in doubt, then what is done about it. */
const LOOKS = 3;

/**
 * Settles numbers whose last step got no response, releases parked numbers whose time is over, and gives parked numbers back to a
 * tenant who pays again.
 * @returns null when all is done
 */
export async function tendParkedNumbers(
  account: ConvergedAccount | null,
  execution: Execution,
): Promise<Exclude<Result, { outcome: "done" }> | null> {
  const since = execution.now().toISOString();
  for (let look = 0; look < LOOKS; look++) {
    const found = await rows(execution.db, "parked_numbers_to_do", { p_user_id: execution.userId, p_since: since });
    for (const number of found) {
      const ended = await tend(number, account, execution);
      if (ended === "fenced") return { outcome: "fenced" };
      if (ended === "suspended") return null;
    }
    if (found.length === 0) return null;
  }
  return null;
}

type NumberToTend = Awaited<ReturnType<typeof rows<"parked_numbers_to_do">>>[number];

async function tend(number: NumberToTend, account: ConvergedAccount | null, execution: Execution): Promise<Ended> {
  const { phone_sid: phoneSid, account_sid: accountSid, todo } = number;
  const { masterAccountSid } = execution;
  if (todo === "look") return await lookFor(phoneSid, accountSid, execution);
  const atMaster = (await execution.accounts.master()).numbersOf(masterAccountSid)(phoneSid);
  const change = { otherwise: "master", ownerSid: masterAccountSid } as const;
  if (todo === "release") {
    const call = async () => void await atMaster.remove();
    return await step(phoneSid, "release", accountSid, execution, { ...change, then: "nowhere", call });
  }
  if (account?.status !== "active") return "suspended";
  const moved = returned(number, account, execution);
  const call = async () => void await atMaster.update(moved);
  return await step(phoneSid, "return", account.sid, execution, { ...change, then: "tenant", call });
}

/** How a parked number is moved back to its tenant. */
function returned(
  { account_sid, address_sid, bundle_sid }: NumberToTend,
  account: ConvergedAccount,
  { publicBaseUrl, userId }: Execution,
) {
  // The papers are those of the account that the number left, which another account does not have.
  const papers = account.sid === account_sid
    ? regulatoryParameters({ addressSid: address_sid ?? undefined, bundleSid: bundle_sid ?? undefined })
    : {};
  return { accountSid: account.sid, ...tenantWebhook(publicBaseUrl, userId), ...papers };
}
