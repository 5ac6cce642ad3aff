import { type StackState, usesRealService } from "../stack-state.ts";

/** The console's `config.json`. It contains no secrets. */
export interface ConsoleConfig {
  /** Relative, because the gateway serves the console and the APIs at one origin, under whatever name it is called. */
  supabaseUrl: "/";
  publishableKey: string;
  /** The checkout page of the Stripe simulator. Null with the real Stripe: the stack has no Payment Link for it. */
  checkoutUrl: string | null;
  phonesUrl: string | null;
  stripeUrl: string | null;
  /** Present while the services are simulated, when the password of the demo users is public. */
  demoUsers?: { email: string; password: string; role: string }[];
}

/** Returns the console's configuration for a running stack. */
export function consoleConfig(state: StackState): ConsoleConfig {
  const { publishableKey, twilio, stripe, users } = state;
  return {
    supabaseUrl: "/",
    publishableKey,
    checkoutUrl: stripe.simulated ? `${stripe.url}/checkout` : null,
    phonesUrl: twilio.pageUrl ?? null,
    stripeUrl: stripe.pageUrl ?? null,
    ...(!usesRealService(state) && { demoUsers: users }),
  };
}
