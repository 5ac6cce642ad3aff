import type { JSONWebKeySet } from "jose";
import { usesRealService } from "../stack-state.ts";

/** The values of the stack from which the environment of the functions is built. */
export interface FunctionsContext {
  apiUrl: string;
  databaseUrl: string;
  publishableKey: string;
  secretKey: string;
  jwks: JSONWebKeySet;
  tokenSealingKeys: string;
  twilio: { accountSid: string; authToken: string; apiBaseUrl: string | undefined; simulated: boolean };
  stripe: {
    secretKey: string;
    webhookSecret: string;
    thinWebhookSecret: string | undefined;
    apiBaseUrl: string | undefined;
    simulated: boolean;
  };
  /** Reads one of the project's variables from the environment of the stack. It overrides the stack's value. */
  env: (name: string) => string | undefined;
  /** Further variables of any name. They override all others. */
  given: Record<string, string>;
}

/** The project's own variables. Those of the platform, Twilio and Stripe are set separately. */
const PROJECT_VARIABLES = [
  "ALLOWED_ORIGINS",
  "AUTH_ISSUERS",
  "CAMPAIGN_RECIPIENTS_KEPT_DAYS",
  "CLIENT_ADDRESS_HEADER",
  "CREATE_SETTLE_SECONDS",
  "FORWARD_TO_PRIVATE",
  "MASTER_FALLBACK",
  "MAX_SUBACCOUNTS",
  "MAX_SUBACCOUNTS_PER_DAY",
  "NUMBER_SYNCS_PER_MINUTE",
  "OPERATOR_ALERT_SECRET",
  "OPERATOR_ALERT_URL",
  "OPERATOR_MFA",
  "PUBLIC_BASE_URL",
  "RATE_LIMIT_FACTOR",
  "SELF_PROVISIONING",
  "TOKEN_MAX_AGE_DAYS",
  "TOKEN_SEALING_KEYS",
] as const;

/**
 * Permissive values for development with simulators. A deployment, and a stack that uses a real account, have the
 * functions' own, restrictive defaults.
 */
const SIMULATED_DEFAULTS = {
  CREATE_SETTLE_SECONDS: "12",
  FORWARD_TO_PRIVATE: "on",
  MASTER_FALLBACK: "on",
  MAX_SUBACCOUNTS_PER_DAY: "1000",
  RATE_LIMIT_FACTOR: "50", // All local callers share one IP address.
  SELF_PROVISIONING: "anyone",
};

/** Returns the complete environment of the functions: the variables of the platform and those of the project. */
export function functionsEnvironment(context: FunctionsContext): Record<string, string> {
  return {
    SUPABASE_URL: context.apiUrl,
    SUPABASE_DB_URL: context.databaseUrl,
    SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: context.publishableKey }),
    SUPABASE_SECRET_KEYS: JSON.stringify({ default: context.secretKey }),
    SUPABASE_JWKS: JSON.stringify(context.jwks),
    SB_REGION: "local",
    SB_EXECUTION_ID: crypto.randomUUID(),
    TWILIO_ACCOUNT_SID: context.twilio.accountSid,
    TWILIO_AUTH_TOKEN: context.twilio.authToken,
    ...(context.twilio.apiBaseUrl !== undefined && { TWILIO_API_BASE_URL: context.twilio.apiBaseUrl }),
    STRIPE_SECRET_KEY: context.stripe.secretKey,
    STRIPE_WEBHOOK_SECRET: context.stripe.webhookSecret,
    ...(context.stripe.thinWebhookSecret !== undefined && {
      STRIPE_THIN_WEBHOOK_SECRET: context.stripe.thinWebhookSecret,
    }),
    ...(context.stripe.apiBaseUrl !== undefined && { STRIPE_API_BASE_URL: context.stripe.apiBaseUrl }),
    TOKEN_SEALING_KEYS: context.tokenSealingKeys,
    PUBLIC_BASE_URL: `${context.apiUrl}/functions/v1`,
    ALLOWED_ORIGINS: [...originsOf(context.apiUrl), ...(usesRealService(context) ? [] : ["*"])].join(","),
    ...(usesRealService(context) ? {} : SIMULATED_DEFAULTS),
    ...projectVariables(context.env),
    ...context.given,
  };
}

/** The origins of the stack's own pages. Any page may call the functions, but Stripe's pages lead back to these only. */
function originsOf(apiUrl: string): string[] {
  const byName = new URL(apiUrl);
  byName.hostname = "localhost";
  return [new URL(apiUrl).origin, byName.origin];
}

function projectVariables(env: FunctionsContext["env"]): Record<string, string> {
  return Object.fromEntries(PROJECT_VARIABLES.flatMap((name) => {
    const value = env(name);
    return value === undefined ? [] : [[name, value]];
  }));
}
