import type { StackState } from "../stack-state.ts";

/** The console's `config.json`. It contains no secrets; the password of the demo users is public. */
export interface ConsoleConfig {
  supabaseUrl: string;
  publishableKey: string;
  /** The checkout page of the Stripe simulator. Null with the real Stripe: the stack has no Payment Link for it. */
  checkoutUrl: string | null;
  phonesUrl: string | null;
  stripeUrl: string | null;
  demoUsers: { email: string; password: string; role: string }[];
}

/** Returns the console's configuration for a running stack. */
export function consoleConfig({ apiUrl, publishableKey, twilio, stripe, users }: StackState): ConsoleConfig {
  return {
    supabaseUrl: apiUrl,
    publishableKey,
    checkoutUrl: stripe.simulated ? `${stripe.url}/checkout` : null,
    phonesUrl: twilio.pageUrl ?? null,
    stripeUrl: stripe.pageUrl ?? null,
    demoUsers: users,
  };
}
