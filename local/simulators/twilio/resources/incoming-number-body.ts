import { rfc2822 } from "../dates.ts";
import type { NumberType, PhoneNumber } from "../records.ts";

/** Filters numbers by `PhoneNumber` (complete, or partial with `*`), `FriendlyName` (exact) and type, newest first. */
export function listedNumbers(numbers: PhoneNumber[], query: URLSearchParams, type?: NumberType): PhoneNumber[] {
  const wanted = numberPattern(query.get("PhoneNumber"));
  const name = query.get("FriendlyName");
  return numbers
    .filter((number) => type === undefined || number.type === type)
    .filter((number) => wanted.test(number.phoneNumber))
    .filter((number) => name === null || number.friendlyName === name)
    .sort((left, right) => right.seq - left.seq);
}

function numberPattern(text: string | null): RegExp {
  if (text === null) return /^/;
  const digits = text.replace(/[^\d*]/g, "").replaceAll("*", "\\d");
  const isWhole = /^\+\d{8,}$/.test(text);
  return new RegExp(isWhole ? `^\\+${digits}$` : text.startsWith("+") ? `^\\+${digits}` : digits);
}

/** Returns the JSON body of a number. */
export function numberBody(number: PhoneNumber): Record<string, unknown> {
  return {
    sid: number.sid,
    account_sid: number.accountSid,
    friendly_name: number.friendlyName,
    phone_number: number.phoneNumber,
    type: number.type,
    status: "in-use",
    origin: "twilio",
    beta: false,
    capabilities: { ...number.capabilities, fax: false },
    sms_url: number.smsUrl,
    sms_method: number.smsMethod,
    sms_fallback_url: number.smsFallbackUrl,
    sms_fallback_method: number.smsFallbackMethod,
    sms_application_sid: "",
    status_callback: number.statusCallback,
    status_callback_method: number.statusCallbackMethod,
    voice_url: number.voiceUrl,
    voice_method: number.voiceMethod,
    voice_fallback_url: null,
    voice_fallback_method: "POST",
    voice_application_sid: "",
    voice_caller_id_lookup: false,
    voice_receive_mode: "voice",
    address_requirements: number.addressRequirements,
    address_sid: number.addressSid,
    bundle_sid: number.bundleSid,
    identity_sid: null,
    trunk_sid: null,
    emergency_status: "Active",
    emergency_address_sid: null,
    emergency_address_status: "unregistered",
    api_version: "2010-04-01",
    date_created: rfc2822(number.createdAt),
    date_updated: rfc2822(number.updatedAt),
    uri: `/2010-04-01/Accounts/${number.accountSid}/IncomingPhoneNumbers/${number.sid}.json`,
  };
}
