/** The category of everything that an account is charged. Its price can exceed the sum of the other categories. */
export const TOTAL = "totalprice";

/** The categories that others are part of. A category that is not listed here is part of the total only. */
const PARENTS: Record<string, string> = {
  "sms-inbound": "sms",
  "sms-inbound-longcode": "sms-inbound",
  "sms-inbound-shortcode": "sms-inbound",
  "sms-inbound-tollfree": "sms-inbound",
  "sms-outbound": "sms",
  "sms-outbound-longcode": "sms-outbound",
  "sms-outbound-shortcode": "sms-outbound",
  "sms-outbound-tollfree": "sms-outbound",
  "mms-inbound": "mms",
  "mms-inbound-longcode": "mms-inbound",
  "mms-inbound-shortcode": "mms-inbound",
  "mms-inbound-toll-free": "mms-inbound",
  "mms-outbound": "mms",
  "mms-outbound-longcode": "mms-outbound",
  "mms-outbound-shortcode": "mms-outbound",
  "mms-outbound-tollfree": "mms-outbound",
  "phonenumbers-local": "phonenumbers",
  "phonenumbers-mobile": "phonenumbers",
  "phonenumbers-setups": "phonenumbers",
  "phonenumbers-tollfree": "phonenumbers",
  "a2p-10dlc-registrationfees-onetime": "a2p-registration-fees",
  "a2p-10dlc-registrationfees-brandregistration": "a2p-10dlc-registrationfees-onetime",
  "a2p-10dlc-registrationfees-campaignvetting": "a2p-10dlc-registrationfees-onetime",
  "a2p-10dlc-registrationfees-monthly": "a2p-registration-fees",
  "a2p-10dlc-registrationfees-campaigncharges": "a2p-10dlc-registrationfees-monthly",
  "calls-inbound": "calls",
  "calls-inbound-local": "calls-inbound",
  "calls-inbound-mobile": "calls-inbound",
  "calls-inbound-tollfree": "calls-inbound",
  "calls-outbound": "calls",
};

/** Categories of other products: Twilio lists them with zero. Twilio has about 320; these are enough for several pages. */
const OTHERS = `agent-conference amazon-polly answering-machine-detection authy-authentications authy-calls-outbound
  authy-monthly-fees authy-phone-intelligence authy-phone-verifications authy-sms-outbound call-progess-events
  calleridlookups calls-client calls-globalconference calls-recordings calls-sip calls-sip-inbound calls-sip-outbound
  calls-transfers carrier-lookups conversations conversations-api-requests conversations-events
  conversations-participants cps flex-usage fraud-lookups group-rooms group-rooms-participant-minutes lookups marketplace
  mediastorage monitor-reads monitor-storage monitor-writes notify notify-channels number-format-lookups pchat
  pchat-users pfax pfax-minutes pfax-pages phonenumbers-cps phonenumbers-emergency premiumsupport proxy
  proxy-active-sessions pstnconnectivity pv pv-rooms recordings recordingstorage shortcodes shortcodes-customerowned
  shortcodes-random shortcodes-vanity sms-messages-features sms-outbound-content-inspection speech-recognition
  studio-engagements sync sync-actions taskrouter-tasks transcriptions trunking-cps trunking-origination
  trunking-recordings trunking-secure trunking-termination turnmegabytes twilio-interconnect verify-push verify-totp
  video-recordings virtual-agent voice-insights wireless wireless-orders wireless-usage wireless-usage-data
  wireless-usage-sms wireless-usage-voice`.split(/\s+/);

const LISTED = new Set([
  ...Object.entries(PARENTS).flat(),
  ...OTHERS,
  "failed-message-processing-fee",
  "mms-messages-carrierfees",
  "sms-messages-carrierfees",
  TOTAL,
]);

/** The categories that every list of usage records contains, with zero if nothing was used, sorted. */
export const LISTED_CATEGORIES: readonly string[] = [...LISTED].sort();

/** Returns a category and those that it is part of, up to the total. */
export function categoriesAround(category: string): string[] {
  const around: string[] = [];
  for (let at: string | undefined = category; at !== undefined; at = PARENTS[at]) around.push(at);
  return around.includes(TOTAL) ? around : [...around, TOTAL];
}

const DESCRIPTIONS: Record<string, string> = {
  "failed-message-processing-fee": "Failed Message Processing Fee",
  "phonenumbers": "Phone Numbers",
  [TOTAL]: "Total Price",
};

/** Returns how Twilio describes a category and in which units it counts. Messages are counted, not their segments. */
export function describeCategory(category: string): { description: string; unit: string } {
  const words = category.split("-").map((word) => /^([sm]ms|a2p)$/.test(word) ? word.toUpperCase() : capital(word));
  const unit = /^(sms|mms|failed-message)\b/.test(category)
    ? "messages"
    : category.startsWith("phonenumbers")
    ? "numbers"
    : "units";
  return { description: DESCRIPTIONS[category] ?? words.join(" "), unit };
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
