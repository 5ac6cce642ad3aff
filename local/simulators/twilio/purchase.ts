import { ApiError } from "./errors.ts";
import { newSid } from "./identifiers.ts";
import { blockOf, friendlyNumber, offeredNumbers, wantedAreaCode } from "./number-inventory.ts";
import { NUMBER_BLOCKS, type NumberBlock } from "./number-places.ts";
import { toE164 } from "./phone-numbers.ts";
import type { PhoneNumber } from "./records.ts";
import {
  regulationOf,
  type Regulations,
  type RegulatoryInformation,
  requireRegulatoryInformation,
} from "./regulation.ts";
import type { Store } from "./store.ts";

/** Twilio's magic numbers for test purchases. */
const MAGIC_TAKEN = "+15005550000";
const MAGIC_INVALID = "+15005550001";
export const MAGIC_VALID = "+15005550006";

/** A purchase of one number: a given number, or any number of an area code. */
export interface Purchase extends RegulatoryInformation {
  phoneNumber: string | null;
  areaCode: string | null;
}

/**
 * Buys a number for an account and adds it to the store. A number has at most one owner across all accounts, except the
 * magic number that can always be bought.
 * @throws ApiError 21404, 21421, 21422, 21451, 21452, 21615, 21631 or 21649
 */
export function newPhoneNumber(
  store: Store,
  accountSid: string,
  purchase: Purchase,
  regulations: Regulations,
): PhoneNumber {
  const phoneNumber = purchase.phoneNumber ? namedNumber(store, purchase.phoneNumber) : numberInArea(store, purchase);
  const block = blockOf(phoneNumber);
  if (!block) throw new ApiError(21421, `PhoneNumber is invalid: '${phoneNumber}'`);
  requireRegulatoryInformation(
    store,
    regulations,
    { accountSid, isoCountry: block.country, type: block.type },
    purchase,
  );
  const number = freshNumber(store.nextSeq(), accountSid, phoneNumber, block, purchase);
  number.addressRequirements = regulationOf(regulations, number).address;
  store.numbers.set(number.sid, number);
  store.purchases.push({ sid: number.sid, accountSid, type: number.type, at: number.createdAt });
  return number;
}

function namedNumber(store: Store, text: string): string {
  if (text === MAGIC_TAKEN) throw notAvailable(text);
  if (text === MAGIC_INVALID) throw new ApiError(21421, `PhoneNumber is invalid: '${text}'`);
  const phoneNumber = toE164(text);
  if (!phoneNumber || !blockOf(phoneNumber)) throw new ApiError(21421, `PhoneNumber is invalid: '${text}'`);
  if (phoneNumber !== MAGIC_VALID && store.ownerOf(phoneNumber)) throw notAvailable(phoneNumber);
  return phoneNumber;
}

function numberInArea(store: Store, { areaCode }: Purchase): string {
  if (areaCode === null) {
    throw new ApiError(21404, "Cannot buy a phone number: neither 'PhoneNumber' nor 'AreaCode' was given");
  }
  const wanted = wantedAreaCode(areaCode);
  const blocks = NUMBER_BLOCKS.filter((block) => block.prefix === wanted && ["US", "CA"].includes(block.country));
  const first = offeredNumbers(blocks, store.takenNumbers()).next();
  if (first.done) throw new ApiError(21452, `No phone numbers found in area code ${areaCode}`);
  return first.value.phoneNumber;
}

function notAvailable(phoneNumber: string): ApiError {
  return new ApiError(21422, `PhoneNumber '${phoneNumber}' is not available`);
}

function freshNumber(
  seq: number,
  accountSid: string,
  phoneNumber: string,
  block: NumberBlock,
  { addressSid, bundleSid }: Purchase,
): PhoneNumber {
  const now = Date.now();
  return {
    seq,
    sid: newSid("PN"),
    accountSid,
    phoneNumber,
    friendlyName: friendlyNumber(phoneNumber),
    isoCountry: block.country,
    type: block.type,
    addressRequirements: "none",
    addressSid,
    bundleSid,
    capabilities: { ...block.capabilities },
    smsUrl: "",
    smsMethod: "POST",
    smsFallbackUrl: "",
    smsFallbackMethod: "POST",
    statusCallback: "",
    statusCallbackMethod: "POST",
    voiceUrl: "",
    voiceMethod: "POST",
    createdAt: now,
    updatedAt: now,
  };
}
