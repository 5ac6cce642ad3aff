import { DAY_MS } from "./dates.ts";
import { ApiError, errorOfCode } from "./errors.ts";
import { countryOf, isLandline, toE164 } from "./phone-numbers.ts";
import { MAGIC_VALID } from "./purchase.ts";
import { isHttpUrl } from "./resources/incoming-number-settings.ts";
import type { Account } from "./records.ts";
import type { Settings } from "./simulation.ts";
import type { Store } from "./store.ts";

const MAX_BODY = 1600;
const MAX_MEDIA = 10;
const MAX_VALIDITY_SECONDS = 36_000;
const MAX_SCHEDULE_DAYS = 35;

/** Countries in which Twilio passes texts to landlines on to the carrier. In all others it refuses them with 21635. */
const LANDLINE_COUNTRIES = new Set(["US", "CA", "GB"]);

/**
 * Twilio's magic senders and recipients. Other senders have the codes that Twilio uses since July 2024: 21659 for a number
 * that is not on Twilio, 21660 for one of another account, 21661 for one without SMS.
 *
 * Source: https://www.twilio.com/docs/iam/test-credentials
 */
const MAGIC_SENDERS: Record<string, (from: string) => ApiError> = {
  "+15005550001": (from) => new ApiError(21212, `The 'From' number ${from} is not a valid phone number`),
  "+15005550007": (from) => senderNotOwned(from),
  "+15005550008": (from) =>
    new ApiError(21611, `This 'From' number ${from} has exceeded the maximum number of queued messages`),
};
const MAGIC_RECIPIENTS: Record<string, (to: string) => ApiError> = {
  "+15005550001": (to) => new ApiError(21211, `The 'To' number ${to} is not a valid phone number`),
  "+15005550002": (to) => new ApiError(21612, `The 'To' phone number ${to} is not currently reachable via SMS`),
  "+15005550003": (to) =>
    new ApiError(
      21408,
      `Permission to send an SMS has not been enabled for the region indicated by the 'To' number ${to}`,
    ),
  "+15005550004": () => unsubscribed(),
  "+15005550009": (to) => new ApiError(21614, `'To' number ${to} is not a valid mobile number`),
};

/** A validated message, with its numbers in E.164. */
export interface MessageRequest {
  from: string;
  to: string;
  body: string;
  mediaUrls: string[];
  messagingServiceSid: string | null;
  statusCallback: string | null;
  /** The time of a scheduled message. */
  sendAt: number | null;
}

/**
 * Reads and validates the form of `POST /Messages` in Twilio's order: recipient, content, sender, then whether the
 * sender may text that recipient.
 * @throws ApiError with the code that Twilio returns
 */
export function readMessageRequest(
  store: Store,
  settings: Settings,
  account: Account,
  form: URLSearchParams,
): MessageRequest {
  const to = recipientOf(form.get("To"));
  const body = form.get("Body") ?? "";
  const mediaUrls = form.getAll("MediaUrl");
  checkContent(body, mediaUrls);
  checkValidity(form.get("ValidityPeriod"));
  const statusCallback = form.get("StatusCallback");
  if (statusCallback) checkStatusCallback(statusCallback, settings.allowLocalCallbacks);
  const messagingServiceSid = form.get("MessagingServiceSid");
  const sendAt = sendTimeOf(form, settings);
  const from = senderOf(store, account, form.get("From"), messagingServiceSid);
  if (store.isOptedOut({ number: from, handset: to })) throw unsubscribed();
  if (settings.trialVerifiedNumbers && !settings.trialVerifiedNumbers.includes(to)) {
    throw new ApiError(
      21608,
      `The number ${to} is unverified. Trial accounts cannot send messages to unverified numbers`,
    );
  }
  if (from === to) throw new ApiError(21266, "'To' and 'From' number cannot be the same");
  return { from, to, body, mediaUrls, messagingServiceSid, statusCallback: statusCallback || null, sendAt };
}

function recipientOf(text: string | null): string {
  if (!text) throw new ApiError(21604, "A 'To' phone number is required");
  const magic = MAGIC_RECIPIENTS[text];
  if (magic) throw magic(text);
  const to = toE164(text);
  if (!to) throw new ApiError(21211, `The 'To' number ${text} is not a valid phone number`);
  if (isLandline(to) && !LANDLINE_COUNTRIES.has(countryOf(to))) throw errorOfCode(21635);
  return to;
}

function checkContent(body: string, mediaUrls: string[]): void {
  if (body === "" && mediaUrls.length === 0) throw new ApiError(21602, "Message body is required");
  if (body.length > MAX_BODY) {
    throw new ApiError(21617, `The concatenated message body exceeds the ${MAX_BODY} character limit`);
  }
  if (mediaUrls.length > MAX_MEDIA) throw new ApiError(21623, "Number of media files exceeds allowed limit");
  const invalid = mediaUrls.find((url) => !isHttpUrl(url));
  if (invalid !== undefined) throw new ApiError(21620, `Invalid media URL '${invalid}'`);
}

function checkValidity(text: string | null): void {
  if (text === null) return;
  if (/^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= MAX_VALIDITY_SECONDS) return;
  throw new ApiError(90007, `Invalid validity period value '${text}'`);
}

/**
 * Returns the time of a message with `ScheduleType=fixed`; null for one that is sent at once. Without a messaging
 * service Twilio drops the schedule, or answers 35118 (see `scheduleWithoutService`).
 */
function sendTimeOf(form: URLSearchParams, settings: Settings): number | null {
  const type = form.get("ScheduleType");
  const text = form.get("SendAt");
  if (!type) return null;
  if (type !== "fixed") throw new ApiError(35126, "The ScheduleType value provided is not supported for this channel");
  if (!form.get("MessagingServiceSid")) {
    if (settings.scheduleWithoutService === "send") return null;
    throw new ApiError(35118, "MessagingServiceSid is required to schedule a message");
  }
  if (!text) throw new ApiError(35111, "SendAt timestamp is missing");
  const sendAt = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)$/.test(text) ? Date.parse(text) : NaN;
  const ahead = sendAt - Date.now();
  if (!(ahead >= settings.minScheduleMs && ahead <= MAX_SCHEDULE_DAYS * DAY_MS)) {
    throw new ApiError(
      35114,
      `SendAt time must be between ${
        settings.minScheduleMs / 1000
      } seconds and ${MAX_SCHEDULE_DAYS} days in the future`,
    );
  }
  return sendAt;
}

function checkStatusCallback(url: string, allowLocal: boolean): void {
  if (!isHttpUrl(url)) throw new ApiError(21609, `The 'StatusCallback' URL ${url} is not a valid URL`);
  if (allowLocal) return;
  const { hostname } = new URL(url);
  if (/^(localhost|127\.|\[::1\]|0\.0\.0\.0)/.test(hostname)) {
    throw new ApiError(21609, `The 'StatusCallback' URL ${url} is not a valid URL`);
  }
}

/**
 * Returns the sender: `From`, if this account owns it and it is SMS-capable; without `From`, the account's first
 * SMS-capable number, as the pool of the messaging service.
 */
function senderOf(store: Store, account: Account, from: string | null, serviceSid: string | null): string {
  if (from) return checkedSender(store, account, from);
  if (!serviceSid) throw new ApiError(21603, "A 'From' phone number is required");
  if (!/^MG[0-9a-f]{32}$/.test(serviceSid)) {
    throw new ApiError(21701, `The Messaging Service '${serviceSid}' does not exist`);
  }
  const pooled = store.numbersOf(account.sid).find((number) => number.capabilities.sms);
  if (!pooled) {
    throw new ApiError(
      21703,
      `The Messaging Service '${serviceSid}' does not have a phone number available to send a message`,
    );
  }
  return pooled.phoneNumber;
}

function checkedSender(store: Store, account: Account, text: string): string {
  const magic = MAGIC_SENDERS[text];
  if (magic) throw magic(text);
  const from = toE164(text);
  if (!from) throw new ApiError(21212, `The 'From' number ${text} is not a valid phone number`);
  if (from === MAGIC_VALID) return from;
  const held = store.numberHeldBy(account.sid, from);
  if (held?.capabilities.sms) return from;
  throw errorOfCode(held ? 21661 : store.ownerOf(from) ? 21660 : 21659);
}

function senderNotOwned(from: string): ApiError {
  return new ApiError(
    21606,
    `The 'From' phone number ${from} is not a valid, SMS-capable inbound phone number or short code for your account`,
  );
}

function unsubscribed(): ApiError {
  return new ApiError(21610, "Attempt to send to unsubscribed recipient");
}
