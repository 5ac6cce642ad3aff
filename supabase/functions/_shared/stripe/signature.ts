import Stripe from "stripe";

const TOLERANCE_SECONDS = 300;
const crypto = Stripe.createSubtleCryptoProvider();

/**
 * True when `header` signs exactly this raw body with our endpoint's secret, at a time within five minutes of ours either
 * way (Stripe's own check lets timestamps from the future pass).
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
 * The SDK's verification by itself: `constructEventAsync` would refuse thin events, which are genuine and must be kept.
 * Its type says it may be absent, which it is not.
 */
function signatures(): NonNullable<typeof Stripe.webhooks.signature> {
  const { signature } = Stripe.webhooks;
  if (!signature) throw new Error("stripe: webhooks.signature is missing");
  return signature;
}
