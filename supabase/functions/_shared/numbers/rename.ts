import { type Db, decide, decision } from "../platform/database.ts";
import { ApiError } from "../platform/errors.ts";
import type { Twilio } from "../twilio/client.ts";
import { errorOfFailure, requireTwilioFailure } from "../twilio/errors.ts";
import { decidedNumber, type PhoneNumber } from "./shape.ts";

const recordNumberName = decision("record_number_name", { recorded: ["number"], gone: [] });

export interface Renaming {
  userId: string;
  numberId: string;
  phoneNumber: string;
  phoneSid: string;
  friendlyName: string;
}

export interface RenameDependencies {
  db: Db;
  /** Twilio as the tenant. */
  twilio: Twilio;
  requestId: string;
}

/**
 * Renames a number at Twilio, then here. It may be repeated, and the next sync takes over a name that was not recorded, so
 * a lost response needs no settling.
 * @throws ApiError
 */
export async function renameNumber(renaming: Renaming, dependencies: RenameDependencies): Promise<PhoneNumber> {
  const { db, requestId } = dependencies;
  const recorded = await recordNumberName(db, {
    p_number_id: renaming.numberId,
    p_friendly_name: await renameAtTwilio(renaming, dependencies),
    p_request_id: requestId,
  });
  if (recorded.outcome === "gone") throw gone(renaming.phoneNumber);
  return decidedNumber(recorded.number);
}

/** @returns the name at Twilio */
async function renameAtTwilio(renaming: Renaming, { db, twilio }: RenameDependencies): Promise<string> {
  const { userId, phoneNumber, phoneSid, friendlyName } = renaming;
  try {
    return (await twilio.account.incomingPhoneNumbers(phoneSid).update({ friendlyName })).friendlyName;
  } catch (error) {
    const failure = requireTwilioFailure(error);
    if (failure.kind === "not_found") throw gone(phoneNumber);
    if (failure.kind === "account") await decide(db, "report_account_trouble", { p_user_id: userId });
    throw errorOfFailure(failure);
  }
}

function gone(phoneNumber: string): ApiError {
  return new ApiError("not_found", `Cannot rename "${phoneNumber}": it is no longer among your numbers at Twilio`);
}
