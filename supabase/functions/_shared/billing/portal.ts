import type Stripe from "stripe";

export interface PortalSession {
  customerId: string;
  returnUrl: string;
}

/** Opens Stripe's billing portal for one customer. The URL is valid for a short time, and each call makes another. */
export async function openPortal({ customerId, returnUrl }: PortalSession, stripe: Stripe): Promise<string> {
  const { url } = await stripe.billingPortal.sessions.create({ customer: customerId, return_url: returnUrl });
  return url;
}
