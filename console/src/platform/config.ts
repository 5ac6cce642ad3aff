/** What the console must know of its backend, served beside it as `config.json`. Nothing in it is secret. */
export interface ConsoleConfig {
  /** The project's origin: `/auth/v1`, `/rest/v1` and `/functions/v1` are below it. */
  supabaseUrl: string;
  publishableKey: string;
  /** Where a subscription is bought: a Stripe Payment Link, or the Stripe simulator's checkout. Null: nowhere. */
  checkoutUrl: string | null;
  /** The page with a phone per number; only where Twilio is simulated. */
  phonesUrl: string | null;
  /** The page with the subscription controls; only where Stripe is simulated. */
  stripeUrl: string | null;
  /** People to try the local stack as. */
  demoUsers?: DemoUser[];
}

export interface DemoUser {
  email: string;
  password: string;
  role: string;
}

/** Reads `config.json` from beside the page. @throws Error saying what is wrong with it */
export async function loadConfig(): Promise<ConsoleConfig> {
  const response = await fetch("./config.json", { cache: "no-store" });
  if (!response.ok) throw new Error(`Cannot read "config.json": the server answered ${response.status}`);
  const config = await response.json().catch(() => {
    throw new Error('Cannot read "config.json": it is not JSON');
  }) as Partial<ConsoleConfig>;
  return {
    supabaseUrl: required(config, "supabaseUrl").replace(/\/+$/, ""),
    publishableKey: required(config, "publishableKey"),
    checkoutUrl: config.checkoutUrl ?? null,
    phonesUrl: config.phonesUrl ?? null,
    stripeUrl: config.stripeUrl ?? null,
    ...(config.demoUsers !== undefined && { demoUsers: config.demoUsers }),
  };
}

function required(config: Partial<ConsoleConfig>, name: "supabaseUrl" | "publishableKey"): string {
  const value = config[name];
  if (typeof value !== "string" || value === "") throw new Error(`Cannot use "config.json": "${name}" is missing`);
  return value;
}
