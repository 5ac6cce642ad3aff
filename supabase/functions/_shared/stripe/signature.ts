import type Stripe from "stripe";

const TOLERANCE_SECONDS = 300;

/**
 * Whether `header` signs this raw body with our endpoint's secret, at a time within five minutes of ours. Stripe's own check
 * accepts timestamps in the future.
 */
export async function isSignedByStripe(rawBody: string, header: string, secret: string, now: Date): Promise<boolean> {
  const signedAt = Number(/(?:^|,)t=(\d+)(?:,|$)/.exec(header)?.[1]);
  if (!(signedAt <= now.getTime() / 1000 + TOLERANCE_SECONDS)) return false;
  const { default: Stripe } = await import("stripe");
  const crypto = Stripe.createSubtleCryptoProvider();
  try {
    return await signatures(Stripe)
      .verifyHeaderAsync(rawBody, header, secret, TOLERANCE_SECONDS, crypto, now.getTime());
  } catch (error) {
    if (error instanceof Stripe.errors.StripeSignatureVerificationError) return false;
    throw error;
  }
}

/**
 * The SDK's verification alone: `constructEventAsync` rejects thin events, which are genuine and must be kept. Its type says
 * that it may be absent, but it is always present.
 */
function signatures({ webhooks: { signature } }: typeof Stripe): NonNullable<typeof Stripe.webhooks.signature> {
  if (!signature) throw new Error("stripe: webhooks.signature is missing");
  return signature;
}
