import type { StackState } from "../stack-state.ts";

/** The console's `config.json`. It contains no secrets; the password of the demo users is public. */
export interface ConsoleConfig {
  supabaseUrl: string;
  publishableKey: string;
  sellsSubscriptions: boolean;
  phonesUrl: string | null;
  stripeUrl: string | null;
  demoUsers: { email: string; password: string; role: string }[];
}

/** Returns the console's configuration for a running stack. */
export function consoleConfig({ apiUrl, publishableKey, twilio, stripe, users }: StackState): ConsoleConfig {
  return {
    supabaseUrl: apiUrl,
    publishableKey,
    sellsSubscriptions: true,
    phonesUrl: twilio.pageUrl ?? null,
    stripeUrl: stripe.pageUrl ?? null,
    demoUsers: users,
  };
}
