import { type StackState, usesRealService } from "../stack-state.ts";

/** The console's `config.json`. It contains no secrets. */
export interface ConsoleConfig {
  /** Relative, because the gateway serves the console and the APIs at one origin, and that origin has several names. */
  supabaseUrl: "/";
  publishableKey: string;
  sellsSubscriptions: boolean;
  phonesUrl: string | null;
  stripeUrl: string | null;
  /** The page with the captured mails. */
  mailUrl: "/_sim/mail";
  /** Present while the services are simulated, when the password of the demo users is public. */
  demoUsers?: { email: string; password: string; role: string }[];
}

/** Returns the console's configuration for a running stack. */
export function consoleConfig(state: StackState): ConsoleConfig {
  const { publishableKey, twilio, stripe, users } = state;
  return {
    supabaseUrl: "/",
    publishableKey,
    sellsSubscriptions: true,
    phonesUrl: twilio.pageUrl ?? null,
    stripeUrl: stripe.pageUrl ?? null,
    mailUrl: "/_sim/mail",
    ...(!usesRealService(state) && { demoUsers: users }),
  };
}
