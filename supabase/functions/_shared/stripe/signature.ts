import Stripe from "stripe";

const TOLERANCE_SECONDS = 300;
const crypto = Stripe.createSubtleCryptoProvider();

/**
 * Whether `header` signs this raw body with our endpoint's secret, at a time within five minutes of ours. Stripe's own check
 * accepts timestamps in the future.
 */
export async function isSignedByStripe(rawBody: string, header: string, secret: string, now: Date): Promise<boolean> {
  const signedAt = Number(/(?:^|,)t=(\d+)(?:,|$)/.exec(header)?.[1]);
  if (!(signedAt <= now.getTime() / 1000 + TOLERANCE_SECONDS)) return false;
  try {
    return await signatures().verifyHeaderAsync(rawBody, header, secret, TOLERANCE_SECONDS, crypto, now.getTime());
  } catch (error) {
    if (error instanceof Stripe.errors.StripeSignatureVerificationError) return false;
    throw error;
  }
}

/**
 * The SDK's verification alone: `constructEventAsync` rejects thin events, which are genuine and must be kept. Its type says
 * that it may be absent, but it is always present.
 */
function signatures(): NonNullable<typeof Stripe.webhooks.signature> {
  const { signature } = Stripe.webhooks;
  if (!signature) throw new Error("stripe: webhooks.signature is missing");
  return signature;
}
