import type { IncomingPhoneNumberInstance } from "twilio/lib/rest/api/v2010/account/incomingPhoneNumber.js";
import type { Json } from "../database.types.ts";
import { type Db, decision, type Enum } from "../platform/database.ts";
import { ApiError } from "../platform/errors.ts";
import type { Twilio } from "../twilio/client.ts";
import { answerableError, failureOf, requireTwilioFailure, twilioUnavailable } from "../twilio/errors.ts";
import { regulatoryError, type RegulatoryInformation, regulatoryParameters } from "./regulatory-information.ts";
import { capabilitiesOf, decidedNumber, type PhoneNumber, sharedNumber } from "./shape.ts";
import { driftOf, NO_WEBHOOK, type SmsWebhook, tenantWebhook, webhookOf } from "./webhook.ts";

const recordNumberMove = decision("record_number_move", { recorded: ["number?"], held: [], left_alone: [] });

export interface Move extends RegulatoryInformation {
  phoneNumber: string;
  userId: string;
  /** The tenant's account. */
  subaccountSid: string;
  to: Enum<"move_target">;
  operatorId: string;
  reason: string;
}

export interface MoveDependencies {
  db: Db;
  /** Only the master account can move a number. */
  master: Twilio;
  masterAccountSid: string;
  publicBaseUrl: string;
  requestId: string;
}

/**
 * Moves a number between the master account and a tenant's. It may be repeated: both accounts are looked at first, and a
 * number that has arrived already is set up and recorded.
 * @throws ApiError
 */
export async function moveNumber(move: Move, dependencies: MoveDependencies): Promise<PhoneNumber> {
  const moved = await moveAtTwilio(move, dependencies).catch((error) => {
    throw errorOfMove(move, error);
  });
  return await recordMove(move, moved, dependencies);
}

function errorOfMove(move: Move, error: unknown): unknown {
  const failure = failureOf(error);
  const unaccepted = failure?.kind === "refused"
    ? regulatoryError(failure, move, `Cannot move "${move.phoneNumber}"`)
    : null;
  return unaccepted ?? answerableError(error);
}

async function moveAtTwilio(move: Move, dependencies: MoveDependencies): Promise<IncomingPhoneNumberInstance> {
  const { from, to } = accountsOf(move, dependencies);
  const there = await lookUp(move, to, dependencies);
  if (there !== null) return await setUp(there, move, dependencies);
  const here = await lookUp(move, from, dependencies);
  if (here === null) throw notThere(move);
  return await handOver(here, move, dependencies);
}

function accountsOf({ subaccountSid, to }: Move, { masterAccountSid }: MoveDependencies) {
  return to === "tenant"
    ? { from: masterAccountSid, to: subaccountSid }
    : { from: subaccountSid, to: masterAccountSid };
}

/** The number in one account; null if it is not there. */
async function lookUp(
  { phoneNumber }: Move,
  accountSid: string,
  { master }: MoveDependencies,
): Promise<IncomingPhoneNumberInstance | null> {
  const [found] = await master.numbersOf(accountSid).list({ phoneNumber, limit: 1 });
  return found ?? null;
}

/** Gives the number to the other account. If the response is lost, that account is looked at for the number. */
async function handOver(
  here: IncomingPhoneNumberInstance,
  move: Move,
  dependencies: MoveDependencies,
): Promise<IncomingPhoneNumberInstance> {
  const { from, to } = accountsOf(move, dependencies);
  const webhook = wantedWebhook(move, dependencies);
  try {
    const numbers = dependencies.master.numbersOf(from);
    return await setUp(
      await numbers(here.sid).update({ accountSid: to, ...webhook, ...regulatoryParameters(move) }),
      move,
      dependencies,
    );
  } catch (error) {
    const failure = requireTwilioFailure(error);
    if (failure.kind !== "unknown" && failure.kind !== "not_found") throw error;
    const there = await lookUp(move, to, dependencies);
    if (there !== null) return await setUp(there, move, dependencies);
    throw failure.kind === "unknown" ? twilioUnavailable(failure.message) : notThere(move);
  }
}

/** The webhook of the number: ours for a tenant's, none for the master account's. */
function wantedWebhook({ userId, to }: Move, { publicBaseUrl }: MoveDependencies): SmsWebhook {
  return to === "tenant" ? tenantWebhook(publicBaseUrl, userId) : NO_WEBHOOK;
}

/** Sets the webhook and the regulatory information of the number in its new account, if they differ. */
async function setUp(
  there: IncomingPhoneNumberInstance,
  move: Move,
  dependencies: MoveDependencies,
): Promise<IncomingPhoneNumberInstance> {
  const webhook = wantedWebhook(move, dependencies);
  const regulatory = regulatoryParameters(move);
  const isSet = (regulatory.addressSid ?? there.addressSid) === there.addressSid &&
    (regulatory.bundleSid ?? there.bundleSid) === there.bundleSid;
  if (isSet && driftOf(webhookOf(there), webhook).length === 0) return there;
  const { to } = accountsOf(move, dependencies);
  return await dependencies.master.numbersOf(to)(there.sid).update({ ...webhook, ...(!isSet && regulatory) });
}

async function recordMove(
  { userId, subaccountSid, to, operatorId, reason, phoneNumber }: Move,
  moved: IncomingPhoneNumberInstance,
  { db, requestId }: MoveDependencies,
): Promise<PhoneNumber> {
  const { sid: phoneSid, friendlyName, capabilities } = moved;
  const recorded = await recordNumberMove(db, {
    p_user_id: userId,
    p_account_sid: subaccountSid,
    p_to: to,
    p_number: {
      phoneSid,
      phoneNumber,
      friendlyName,
      capabilities: { ...capabilitiesOf(capabilities) },
    },
    p_operator_id: operatorId,
    p_reason: reason,
    p_request_id: requestId,
  });
  switch (recorded.outcome) {
    case "recorded":
      return to === "tenant" ? decidedNumber(recorded.number) : masterNumber(recorded.number, moved);
    case "held":
    case "left_alone":
      throw heldByAnother(phoneNumber);
  }
}

/** A number of the master account. One that cannot carry SMS has no row, so its SID is its id. */
function masterNumber(shared: Json, moved: IncomingPhoneNumberInstance): PhoneNumber {
  if (shared !== null) return sharedNumber(shared);
  const { sid, phoneNumber, friendlyName, capabilities } = moved;
  return {
    id: sid,
    phoneNumber,
    phoneSid: sid,
    friendlyName,
    capabilities: capabilitiesOf(capabilities),
    isPrimary: false,
    status: "active",
    source: "master",
  };
}

function notThere({ phoneNumber, to }: Move): ApiError {
  const account = to === "tenant" ? "the master account" : "this tenant's account";
  return new ApiError("not_found", `Cannot move "${phoneNumber}": ${account} does not have it`);
}

function heldByAnother(phoneNumber: string): ApiError {
  return new ApiError(
    "number_taken",
    `Cannot record the move of "${phoneNumber}": another row has the number. Sync the numbers of its tenant, then repeat the move`,
  );
}
