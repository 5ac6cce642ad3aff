import { inboundUrl } from "../twilio/webhook-urls.ts";

/** What Twilio does with texts to a number. */
export interface SmsWebhook {
  smsUrl: string;
  smsMethod: string;
  /** An application takes precedence over the URL. */
  smsApplicationSid: string;
}

/** Texts to a tenant's number come to us. */
export function tenantWebhook(publicBaseUrl: string, userId: string): SmsWebhook {
  return { smsUrl: inboundUrl(publicBaseUrl, userId), smsMethod: "POST", smsApplicationSid: "" };
}

/** Texts to the number go nowhere. */
export const NO_WEBHOOK: SmsWebhook = { smsUrl: "", smsMethod: "POST", smsApplicationSid: "" };

/** A number's webhook as Twilio's answer has it, where what is not set may be missing. */
export function webhookOf(number: Partial<Record<keyof SmsWebhook, string | null>>): SmsWebhook {
  return {
    smsUrl: number.smsUrl ?? "",
    smsMethod: number.smsMethod ?? "",
    smsApplicationSid: number.smsApplicationSid ?? "",
  };
}

/** In what a webhook differs from the one that is wanted. */
export function driftOf(is: SmsWebhook, wanted: SmsWebhook): (keyof SmsWebhook)[] {
  return (["smsUrl", "smsMethod", "smsApplicationSid"] as const).filter((field) => is[field] !== wanted[field]);
}
