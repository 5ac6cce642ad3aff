import type { Capabilities } from "./shape.ts";
import { driftOf, type SmsWebhook } from "./webhook.ts";

/** A number in our rows that is not released. */
export interface KnownNumber {
  id: string;
  phoneNumber: string;
  /** Null while it is being bought. */
  phoneSid: string | null;
  friendlyName: string | null;
  capabilities: Capabilities;
  status: "purchasing" | "active" | "releasing";
}

/** A number in Twilio's list. */
export interface ListedNumber {
  phoneNumber: string;
  phoneSid: string;
  friendlyName: string;
  capabilities: Capabilities;
  webhook: SmsWebhook;
}

export type SyncStep =
  /** Twilio's list lacks it: look it up by its SID, and record it as released if that is not found. */
  | { do: "release"; numberId: string; phoneNumber: string; phoneSid: string }
  /** Our purchase whose response was lost. */
  | { do: "record-purchase"; numberId: string; number: ListedNumber }
  /** The account got it without us. */
  | { do: "take-in"; number: ListedNumber }
  /** Its name or its capabilities changed. */
  | { do: "take-over"; numberId: string; number: ListedNumber; changed: readonly ("friendlyName" | "capabilities")[] }
  /** Its webhook is not ours. */
  | { do: "repair"; number: ListedNumber; drifted: readonly (keyof SmsWebhook)[] };

/**
 * The steps that make our rows equal to Twilio's list and every number's webhook ours. Pure, and empty exactly when nothing
 * differs. Work in progress is left alone: a purchase that is not listed, and a number that is being released.
 * Releases come first: a number that was released and bought again is listed under another SID.
 */
export function planSync(
  known: readonly KnownNumber[],
  listed: readonly ListedNumber[],
  wanted: SmsWebhook,
): SyncStep[] {
  const leaving = new Set(known.filter(({ status }) => status === "releasing").map(({ phoneNumber }) => phoneNumber));
  const present = listed.filter(({ phoneNumber }) => !leaving.has(phoneNumber));
  return [...goneSteps(known, listed), ...present.flatMap((number) => stepsFor(number, known, wanted))];
}

function goneSteps(known: readonly KnownNumber[], listed: readonly ListedNumber[]): SyncStep[] {
  const there = new Set(listed.map(({ phoneSid }) => phoneSid));
  return known.flatMap(({ id, phoneNumber, phoneSid, status }): SyncStep[] =>
    status !== "active" || phoneSid === null || there.has(phoneSid)
      ? []
      : [{ do: "release", numberId: id, phoneNumber, phoneSid }]
  );
}

function stepsFor(number: ListedNumber, known: readonly KnownNumber[], wanted: SmsWebhook): SyncStep[] {
  const drifted = driftOf(number.webhook, wanted);
  const repair: SyncStep[] = drifted.length === 0 ? [] : [{ do: "repair", number, drifted }];
  return [...recordSteps(number, known), ...repair];
}

function recordSteps(number: ListedNumber, known: readonly KnownNumber[]): SyncStep[] {
  const row = known.find(({ phoneSid }) => phoneSid === number.phoneSid);
  if (row !== undefined) {
    const changed = changesOf(row, number);
    return changed.length === 0 ? [] : [{ do: "take-over", numberId: row.id, number, changed }];
  }
  const purchase = known.find(({ status, phoneNumber }) =>
    status === "purchasing" && phoneNumber === number.phoneNumber
  );
  return [
    purchase === undefined ? { do: "take-in", number } : { do: "record-purchase", numberId: purchase.id, number },
  ];
}

function changesOf(row: KnownNumber, number: ListedNumber): ("friendlyName" | "capabilities")[] {
  const sameCapabilities = (["sms", "mms", "voice"] as const).every((one) =>
    row.capabilities[one] === number.capabilities[one]
  );
  return [
    ...(row.friendlyName === number.friendlyName ? [] : ["friendlyName" as const]),
    ...(sameCapabilities ? [] : ["capabilities" as const]),
  ];
}
