/**
 * Connection overrides for our callbacks: five retries, on every kind of failure. Without them Twilio retries once, and
 * only when it cannot connect. The fragment is neither signed nor sent.
 */
const RETRY = "#rc=5&rp=all";

/** Where Twilio reports the life of one message. Our id travels along: the report may come before we know Twilio's SID. */
export function statusCallbackUrl(publicBaseUrl: string, userId: string, messageId: string): string {
  return `${publicBaseUrl}/twilio-webhook/status/${userId}?message=${messageId}${RETRY}`;
}

/** Where Twilio hands over what a tenant's number receives. */
export function inboundUrl(publicBaseUrl: string, userId: string): string {
  return `${publicBaseUrl}/twilio-webhook/inbound/${userId}${RETRY}`;
}
