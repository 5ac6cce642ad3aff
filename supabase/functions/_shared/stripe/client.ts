import Stripe from "stripe";

export interface StripeOptions {
  secretKey: string;
  /** `https://api.stripe.com` or the simulator. */
  apiBaseUrl: string;
  fetch?: typeof fetch;
  /** How often the SDK retries a read, with delays from half a second. */
  retries?: number;
}

const TIMEOUT_MS = 10_000;

/** The official client over fetch. The SDK retries reads, and writes with the idempotency key of the first attempt. */
export function createStripe({ secretKey, apiBaseUrl, fetch, retries = 2 }: StripeOptions): Stripe {
  const { protocol, hostname, port } = new URL(apiBaseUrl);
  return new Stripe(secretKey, {
    httpClient: Stripe.createFetchHttpClient(fetch),
    maxNetworkRetries: retries,
    timeout: TIMEOUT_MS,
    telemetry: false,
    host: hostname,
    port: port || (protocol === "https:" ? 443 : 80),
    protocol: protocol === "https:" ? "https" : "http",
  });
}
