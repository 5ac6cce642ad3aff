import type Stripe from "stripe";
import type { Env } from "../platform/env.ts";

/** The platform's own Stripe account. The SDK is loaded on first use. */
export async function connectStripe(
  { STRIPE_SECRET_KEY, STRIPE_API_BASE_URL }: Pick<Env, "STRIPE_SECRET_KEY" | "STRIPE_API_BASE_URL">,
): Promise<Stripe> {
  const { createStripe } = await import("./client.ts");
  return createStripe({ secretKey: STRIPE_SECRET_KEY, apiBaseUrl: STRIPE_API_BASE_URL });
}
