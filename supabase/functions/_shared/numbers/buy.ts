import type { IncomingPhoneNumberInstance } from "twilio/lib/rest/api/v2010/account/incomingPhoneNumber.js";
import { type Db, decide, decision } from "../platform/database.ts";
import { ApiError } from "../platform/errors.ts";
import type { Twilio } from "../twilio/client.ts";
import { errorOfFailure, failureOf, requireTwilioFailure, twilioDetail, type TwilioFailure } from "../twilio/errors.ts";
import { inboundUrl } from "../twilio/webhook-urls.ts";
import { stillPurchasing } from "./errors.ts";
import { regulatoryError, type RegulatoryInformation, regulatoryParameters } from "./regulatory-information.ts";
import { capabilitiesOf, decidedNumber, type PhoneNumber } from "./shape.ts";

const recordNumber = decision("record_number", { recorded: ["number"], already: ["number"] });

export interface Purchase extends RegulatoryInformation {
  userId: string;
  numberId: string;
  phoneNumber: string;
  friendlyName?: string | undefined;
}

export interface BuyDependencies {
  db: Db;
  /** Twilio as the tenant. */
  twilio: Twilio;
  publicBaseUrl: string;
  requestId: string;
}

/**
 * Buys a number that is reserved for the tenant. If the response is lost, the number is looked up at Twilio at once. If it
 * is not found, it stays reserved and `settlePurchase` looks it up later.
 * @throws ApiError
 */
export async function buyNumber(purchase: Purchase, dependencies: BuyDependencies): Promise<PhoneNumber> {
  try {
    return await recordPurchase(purchase, await buyAtTwilio(purchase, dependencies), dependencies);
  } catch (error) {
    return await afterFailedPurchase(purchase, requireTwilioFailure(error), dependencies);
  }
}

function buyAtTwilio(purchase: Purchase, { twilio, publicBaseUrl }: BuyDependencies) {
  const { userId, phoneNumber, friendlyName } = purchase;
  return twilio.account.incomingPhoneNumbers.create({
    phoneNumber,
    smsUrl: inboundUrl(publicBaseUrl, userId),
    smsMethod: "POST",
    ...(friendlyName !== undefined && { friendlyName }),
    ...regulatoryParameters(purchase),
  });
}

async function afterFailedPurchase(
  purchase: Purchase,
  failure: TwilioFailure,
  dependencies: BuyDependencies,
): Promise<PhoneNumber> {
  if (failure.kind === "unknown" || (failure.kind === "refused" && failure.code === ALREADY_OWNED)) {
    const found = await findPurchased(purchase, dependencies);
    if (found !== null) return await recordPurchase(purchase, found, dependencies);
  }
  if (failure.kind === "unknown") throw stillPurchasing(purchase.phoneNumber);
  await decide(dependencies.db, "cancel_number_reservation", { p_number_id: purchase.numberId });
  if (failure.kind === "account") {
    await decide(dependencies.db, "report_account_trouble", { p_user_id: purchase.userId });
  }
  throw errorOfPurchase(purchase, failure);
}

/** 21422: the number is owned. Twilio also answers this when our own purchase is repeated. */
const ALREADY_OWNED = 21422;

/** As `lookUp`. @throws ApiError `number_purchase_in_progress` when Twilio gives no usable response */
async function findPurchased(
  purchase: Purchase,
  dependencies: BuyDependencies,
): Promise<IncomingPhoneNumberInstance | null> {
  try {
    return await lookUp(purchase, dependencies);
  } catch (error) {
    throw failureOf(error) === null ? error : stillPurchasing(purchase.phoneNumber);
  }
}

/** The number in the tenant's account at Twilio, with its webhook set to ours; null if it is not there. */
async function lookUp(
  { userId, phoneNumber }: Purchase,
  { twilio, publicBaseUrl }: BuyDependencies,
): Promise<IncomingPhoneNumberInstance | null> {
  const [found] = await twilio.account.incomingPhoneNumbers.list({ phoneNumber, limit: 1 });
  if (found === undefined) return null;
  const smsUrl = inboundUrl(publicBaseUrl, userId);
  if (found.smsUrl === smsUrl) return found;
  return await twilio.account.incomingPhoneNumbers(found.sid).update({ smsUrl, smsMethod: "POST" });
}

async function recordPurchase(
  purchase: Purchase,
  bought: IncomingPhoneNumberInstance,
  { db, requestId }: BuyDependencies,
): Promise<PhoneNumber> {
  const recorded = await recordNumber(db, {
    p_number_id: purchase.numberId,
    p_phone_sid: bought.sid,
    p_friendly_name: bought.friendlyName,
    p_capabilities: { ...capabilitiesOf(bought.capabilities) },
    p_request_id: requestId,
  });
  const number = decidedNumber(recorded.number);
  if (number.status === "released") {
    throw new ApiError(
      "subaccount_closed",
      `Cannot buy "${purchase.phoneNumber}": your subaccount was closed in the meantime`,
    );
  }
  return number;
}

/**
 * Settles a purchase whose response was lost. A number that is found at Twilio is recorded; otherwise its reservation is
 * canceled.
 */
export async function settlePurchase(
  purchase: Purchase,
  dependencies: BuyDependencies,
): Promise<"recorded" | "canceled"> {
  const found = await lookUp(purchase, dependencies);
  if (found !== null) {
    await recordPurchase(purchase, found, dependencies);
    return "recorded";
  }
  await decide(dependencies.db, "cancel_number_reservation", { p_number_id: purchase.numberId });
  return "canceled";
}

/** The error for a purchase that Twilio rejected, with Twilio's own code in its details. */
function errorOfPurchase(purchase: Purchase, failure: Exclude<TwilioFailure, { kind: "unknown" }>): ApiError {
  const { phoneNumber } = purchase;
  if (failure.kind !== "refused") return errorOfFailure(failure);
  const details = [twilioDetail(failure)];
  const unaccepted = regulatoryError(failure, purchase, `Cannot buy "${phoneNumber}"`);
  if (unaccepted !== null) return unaccepted;
  if (failure.code === ALREADY_OWNED) {
    return new ApiError("number_taken", `Cannot buy "${phoneNumber}": it is no longer available`, { details });
  }
  if (failure.code === 21421 || failure.code === 21452) {
    return new ApiError("number_not_available", `Cannot buy "${phoneNumber}": Twilio does not offer it`, { details });
  }
  return errorOfFailure(failure);
}
