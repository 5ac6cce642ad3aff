import type { ErrorCode } from "../platform/errors.ts";

/**
 * What Twilio's code says about a message.
 * - `retry`: it was not processed, and the same message may be sent later.
 * - `refuse`: this message, as it is written, is not sent.
 * - `account`: the account or the sender cannot send, so other messages fail, too.
 * - `recipient`: this recipient cannot be reached from this sender; others may be.
 */
export type Sort = MessageCode["sort"];

/** What an `account` code is about: the credentials, the sender, or the account's settings at Twilio. */
export type Trouble = "credentials" | "sender" | "settings";

export type MessageCode =
  & ({ sort: "retry" | "refuse" | "recipient" } | { sort: "account"; trouble: Trouble })
  & {
    /** Why a message failed, for its tenant. */
    reason: string;
    /** Our error for a request that Twilio rejects with this code. */
    error: ErrorCode;
  };

const retry = (reason: string): MessageCode => ({ sort: "retry", reason, error: "twilio_throttled" });
const refuse = (reason: string, error: ErrorCode = "twilio_refused"): MessageCode => ({
  sort: "refuse",
  reason,
  error,
});
const recipient = (reason: string, error: ErrorCode = "invalid_recipient"): MessageCode => ({
  sort: "recipient",
  reason,
  error,
});
const credentials = (reason: string): MessageCode => ({
  sort: "account",
  trouble: "credentials",
  reason,
  error: "twilio_misconfigured",
});
const sender = (reason: string): MessageCode => ({
  sort: "account",
  trouble: "sender",
  reason,
  error: "invalid_sender",
});
const settings = (reason: string): MessageCode => ({
  sort: "account",
  trouble: "settings",
  reason,
  error: "twilio_refused",
});

/**
 * Every code of a message, sorted: of a rejected request, and of a message that was not delivered (30001 and above).
 * Source: Twilio's error dictionary, with the codes that it split off 21211, 21606 and 21614 in July 2024.
 */
const CODES = {
  10001: credentials("the account is not active"),
  14107: retry("too many replies were sent to this number within a short time"),
  20003: credentials("the credentials are not valid"),
  20005: credentials("the account is not active"),
  20008: credentials("the credentials are test credentials"),
  20403: credentials("the account may not do this"),
  20404: credentials("the account was not found"),
  20429: retry("too many requests were made"),
  20503: retry("the service was not available"),
  21211: recipient("the recipient is not a valid phone number"),
  21212: sender("the sender is not a valid phone number"),
  21265: recipient("the recipient is a short code"),
  21266: recipient("the recipient is the sender", "twilio_refused"),
  21267: sender("a trial account cannot send from an alphanumeric sender"),
  21408: recipient("messages to the recipient's region are not enabled", "destination_not_enabled"),
  21601: sender("the sender cannot send messages"),
  21602: refuse("the message is empty"),
  21603: sender("the message has no sender"),
  21604: recipient("the message has no recipient"),
  21606: sender("the sender is not a number of the account that can send messages to this destination"),
  21608: recipient("a trial account can send to verified numbers only"),
  21609: settings("the address for status callbacks is not valid"),
  21610: recipient("the recipient opted out", "recipient_opted_out"),
  21611: retry("the sender's queue is full"),
  21612: recipient("the recipient cannot be reached from this sender"),
  21614: recipient("the recipient is not a mobile number"),
  21616: sender("the sender matches more than one number"),
  21617: refuse("the text is too long", "body_too_long"),
  21619: refuse("the message has neither a text nor media"),
  21620: refuse("a media URL is not valid"),
  21621: sender("the sender cannot send media"),
  21623: refuse("the message has too many media"),
  21635: recipient("the recipient is a landline"),
  21654: refuse("the content is not valid"),
  21659: sender("the sender is not a number of Twilio's, or a short code of another country"),
  21660: sender("the sender belongs to another account"),
  21661: sender("the sender cannot send messages"),
  21701: settings("the messaging service does not exist"),
  21703: settings("the messaging service has no number that can send"),
  21704: settings("the messaging service has no number that can send"),
  21705: settings("the messaging service is not valid"),
  30001: retry("the sender's queue was full"),
  30002: credentials("the account was suspended"),
  30003: recipient("the recipient's phone is off or cannot be reached"),
  30004: recipient("the recipient blocks these messages"),
  30005: recipient("the recipient's number is unknown or no longer in use"),
  30006: recipient("the recipient is a landline, or its carrier cannot be reached"),
  30007: refuse("a carrier or Twilio filtered the message"),
  30008: recipient("the carrier gave no reason"),
  30022: retry("the sender's rate limit at the carrier is reached"),
  30023: settings("the daily limit of the brand at the carrier is reached"),
  30024: sender("the sender's registration is pending"),
  30032: sender("the toll-free number is not verified"),
  30033: settings("the A2P 10DLC campaign is suspended"),
  30034: sender("the sender is not registered for A2P 10DLC"),
  30035: sender("the sender's registration is pending"),
  30036: retry("the message waited longer than it is valid"),
  30037: settings("outbound messages are turned off"),
  30450: recipient("the recipient's number is suspected of SMS pumping"),
  63038: settings("the account's daily limit of messages is reached"),
  90010: credentials("the account is not active"),
} as const satisfies Readonly<Record<number, MessageCode>>;

const SORTED: ReadonlyMap<number, MessageCode> = new Map(
  Object.entries(CODES).map(([code, sorted]) => [Number(code), sorted]),
);

/** Every sorted code. */
export const MESSAGE_CODES: readonly number[] = [...SORTED.keys()];

/** An unknown code is of the account: it is not retried, and a campaign pauses instead of failing for every recipient. */
const UNKNOWN = settings("no reason is known for this code");

export function messageCode(code: number): MessageCode {
  return SORTED.get(code) ?? UNKNOWN;
}

/** Whether a code is sorted, so that a message that got it may be sent once its cause is resolved. */
export function isSorted(code: number): boolean {
  return SORTED.has(code);
}

/** Why Twilio did not deliver a message, in a sentence; null without a code. A callback has the code alone. */
export function reasonOf(code: number | null | undefined): string | null {
  if (code === null || code === undefined || code === 0) return null;
  return `Twilio error ${code}: ${messageCode(code).reason} (https://www.twilio.com/docs/errors/${code})`;
}
