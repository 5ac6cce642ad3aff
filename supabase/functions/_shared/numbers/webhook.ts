import { inboundUrl } from "../twilio/webhook-urls.ts";

/** Where Twilio sends the texts that a number receives. */
export interface SmsWebhook {
  smsUrl: string;
  smsMethod: string;
  /** An application takes precedence over the URL. */
  smsApplicationSid: string;
}

/** The webhook of a tenant's number: ours. */
export function tenantWebhook(publicBaseUrl: string, userId: string): SmsWebhook {
  return { smsUrl: inboundUrl(publicBaseUrl, userId), smsMethod: "POST", smsApplicationSid: "" };
}

/** The webhook of a number whose texts are not forwarded. */
export const NO_WEBHOOK: SmsWebhook = { smsUrl: "", smsMethod: "POST", smsApplicationSid: "" };

/** A number's webhook in Twilio's response, where a field that is not set may be missing. */
export function webhookOf(number: Partial<Record<keyof SmsWebhook, string | null>>): SmsWebhook {
  return {
    smsUrl: number.smsUrl ?? "",
    smsMethod: number.smsMethod ?? "",
    smsApplicationSid: number.smsApplicationSid ?? "",
  };
}

/** The fields in which a webhook differs from the wanted one. */
export function driftOf(is: SmsWebhook, wanted: SmsWebhook): (keyof SmsWebhook)[] {
  return (["smsUrl", "smsMethod", "smsApplicationSid"] as const).filter((field) => is[field] !== wanted[field]);
}
