/**
 * Connection overrides for our callbacks: five retries, on every kind of failure. Without them Twilio retries once, and
 * only when it cannot connect. The fragment is neither signed nor sent.
 */
const RETRY = "#rc=5&rp=all";

/** The callback URL for the status of one message. It contains our id, because a callback may arrive before Twilio's SID. */
export function statusCallbackUrl(publicBaseUrl: string, userId: string, messageId: string): string {
  return `${publicBaseUrl}/twilio-webhook/status/${userId}?message=${messageId}${RETRY}`;
}

/** The webhook URL for the messages that a number of the master account receives. */
export function masterInboundUrl(publicBaseUrl: string): string {
  return inboundUrl(publicBaseUrl, "master");
}

/** Whether a webhook for received messages is one of this deployment's. */
export function isOurInboundUrl(publicBaseUrl: string, url: string): boolean {
  return url.startsWith(`${publicBaseUrl}/twilio-webhook/inbound/`);
}

/**
 * The callback URL of a tenant's usage trigger. It has no overrides: Twilio repeats this callback after a 5xx by itself, and
 * the URL is compared with the one that Twilio stores.
 */
export function usageCallbackUrl(publicBaseUrl: string, userId: string): string {
  return `${publicBaseUrl}/twilio-webhook/usage/${userId}`;
}

/** The webhook URL for the messages that a tenant's number receives. */
export function inboundUrl(publicBaseUrl: string, userId: string): string {
  return `${publicBaseUrl}/twilio-webhook/inbound/${userId}${RETRY}`;
}
