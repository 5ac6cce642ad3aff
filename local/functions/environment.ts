import type { JSONWebKeySet } from "jose";

/** What the functions are to know of the stack they run in. */
export interface FunctionsWorld {
  apiUrl: string;
  databaseUrl: string;
  publishableKey: string;
  secretKey: string;
  jwks: JSONWebKeySet;
  tokenSealingKeys: string;
  twilio: { accountSid: string; authToken: string; apiBaseUrl: string | undefined };
  stripe: { secretKey: string; webhookSecret: string; apiBaseUrl: string | undefined };
  /** Reads a value of one of the project's own variables that wins over the stack's. */
  env: (name: string) => string | undefined;
  /** Further variables, whatever their names. */
  given: Record<string, string>;
}

/** The project's own variables, beside those of the platform and of Twilio and Stripe. */
const OWN = [
  "ALLOWED_ORIGINS",
  "CREATE_SETTLE_SECONDS",
  "FORWARD_TO_PRIVATE",
  "MASTER_FALLBACK",
  "MAX_SUBACCOUNTS",
  "MAX_SUBACCOUNTS_PER_DAY",
  "PUBLIC_BASE_URL",
  "RATE_LIMIT_FACTOR",
  "SELF_PROVISIONING",
  "TOKEN_MAX_AGE_DAYS",
  "TOKEN_SEALING_KEYS",
] as const;

/** On a laptop everything may be tried at once. A deployment starts from the functions' own, closed defaults. */
const LOCAL_DEFAULTS = {
  ALLOWED_ORIGINS: "*",
  CREATE_SETTLE_SECONDS: "12",
  FORWARD_TO_PRIVATE: "on",
  MASTER_FALLBACK: "on",
  MAX_SUBACCOUNTS_PER_DAY: "1000",
  RATE_LIMIT_FACTOR: "50", // everybody here has the same address
  SELF_PROVISIONING: "anyone",
};

/** Returns the whole environment of the functions: what the platform gives, and the project's own variables. */
export function functionsEnvironment(world: FunctionsWorld): Record<string, string> {
  return {
    SUPABASE_URL: world.apiUrl,
    SUPABASE_DB_URL: world.databaseUrl,
    SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: world.publishableKey }),
    SUPABASE_SECRET_KEYS: JSON.stringify({ default: world.secretKey }),
    SUPABASE_JWKS: JSON.stringify(world.jwks),
    SB_REGION: "local",
    SB_EXECUTION_ID: crypto.randomUUID(),
    TWILIO_ACCOUNT_SID: world.twilio.accountSid,
    TWILIO_AUTH_TOKEN: world.twilio.authToken,
    ...(world.twilio.apiBaseUrl !== undefined && { TWILIO_API_BASE_URL: world.twilio.apiBaseUrl }),
    STRIPE_SECRET_KEY: world.stripe.secretKey,
    STRIPE_WEBHOOK_SECRET: world.stripe.webhookSecret,
    ...(world.stripe.apiBaseUrl !== undefined && { STRIPE_API_BASE_URL: world.stripe.apiBaseUrl }),
    TOKEN_SEALING_KEYS: world.tokenSealingKeys,
    PUBLIC_BASE_URL: `${world.apiUrl}/functions/v1`,
    ...LOCAL_DEFAULTS,
    ...ownVariables(world.env),
    ...world.given,
  };
}

function ownVariables(env: FunctionsWorld["env"]): Record<string, string> {
  return Object.fromEntries(OWN.flatMap((name) => {
    const value = env(name);
    return value === undefined ? [] : [[name, value]];
  }));
}
