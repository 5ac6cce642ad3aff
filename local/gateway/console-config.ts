import type { StackState } from "../stack-state.ts";

/** What the console reads as `config.json`; nothing in it is secret but the demo users' password, which is no secret. */
export interface ConsoleConfig {
  supabaseUrl: string;
  publishableKey: string;
  /** Where a subscription is bought; null with the real Stripe, whose Payment Link the stack does not know. */
  checkoutUrl: string | null;
  phonesUrl: string | null;
  stripeUrl: string | null;
  demoUsers: { email: string; password: string; role: string }[];
}

/** Returns what the console of a local stack is told. */
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
