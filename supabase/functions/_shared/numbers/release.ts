import type { Json } from "../database.types.ts";
import { type Db, decide, decision } from "../platform/database.ts";
import { ApiError } from "../platform/errors.ts";
import type { Twilio } from "../twilio/client.ts";
import { errorOfFailure, requireTwilioFailure, type TwilioFailure } from "../twilio/errors.ts";
import { decidedNumber, type PhoneNumber } from "./shape.ts";

const recordNumberRelease = decision("record_number_release", {
  recorded: ["number", "primary_number?"],
  already: ["number", "primary_number?"],
});

export interface Release {
  userId: string;
  numberId: string;
  phoneNumber: string;
  phoneSid: string;
  /** Another request began this release and may still be at work: Twilio's rejection of ours says nothing about it. */
  begunBefore: boolean;
}

export interface ReleaseDependencies {
  db: Db;
  /** Twilio as the tenant. */
  twilio: Twilio;
  requestId: string;
}

/** The result of a release: the released number, and the number that is primary now. */
export interface Released {
  released: PhoneNumber;
  primary: PhoneNumber | null;
}

/**
 * Deletes a number at Twilio that is marked as being released. Deleting may be repeated: a number that is gone already
 * counts as deleted. Without a response the mark stays, and `settleRelease` repeats the deletion later.
 * @throws ApiError
 */
export async function releaseNumber(release: Release, dependencies: ReleaseDependencies): Promise<Released> {
  let failure = await deleteAtTwilio(release, dependencies);
  if (failure?.kind === "unknown") failure = await deleteAtTwilio(release, dependencies);
  if (failure === null) return await recordRelease(release, dependencies);
  if (failure.kind === "unknown") throw releaseUnknown(release.phoneNumber);
  const { db } = dependencies;
  if (!release.begunBefore) await decide(db, "cancel_number_release", { p_number_id: release.numberId });
  if (failure.kind === "account") await decide(db, "report_account_trouble", { p_user_id: release.userId });
  throw errorOfFailure(failure);
}

/**
 * Settles a release whose response was lost, by repeating it. If Twilio rejects it now, the tenant keeps the number.
 * @returns null if Twilio gave no usable response
 */
export async function settleRelease(
  release: Release,
  dependencies: ReleaseDependencies,
): Promise<"released" | "kept" | null> {
  const failure = await deleteAtTwilio(release, dependencies);
  if (failure === null) {
    await recordRelease(release, dependencies);
    return "released";
  }
  if (failure.kind !== "refused") return null;
  await decide(dependencies.db, "cancel_number_release", { p_number_id: release.numberId });
  return "kept";
}

/** @returns null when the number is gone */
async function deleteAtTwilio(
  { phoneSid }: Release,
  { twilio }: ReleaseDependencies,
): Promise<Exclude<TwilioFailure, { kind: "not_found" }> | null> {
  try {
    await twilio.account.incomingPhoneNumbers(phoneSid).remove();
    return null;
  } catch (error) {
    const failure = requireTwilioFailure(error);
    return failure.kind === "not_found" ? null : failure;
  }
}

async function recordRelease({ numberId }: Release, { db, requestId }: ReleaseDependencies): Promise<Released> {
  return releasedOf(await recordNumberRelease(db, { p_number_id: numberId, p_request_id: requestId }));
}

/** The result of a release decision, as callers see it. */
export function releasedOf(decided: { number: Json; primary_number: Json }): Released {
  return {
    released: decidedNumber(decided.number),
    primary: decided.primary_number === null ? null : decidedNumber(decided.primary_number),
  };
}

function releaseUnknown(phoneNumber: string): ApiError {
  return new ApiError(
    "number_release_unknown",
    `Cannot say yet whether "${phoneNumber}" was released: Twilio did not respond, and the release is repeated within minutes`,
    { headers: { "retry-after": "60" } },
  );
}
