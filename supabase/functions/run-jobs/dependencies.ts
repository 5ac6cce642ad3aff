import type { Context } from "../_shared/platform/endpoint.ts";
import { twilioAccounts } from "../_shared/accounts/twilio-accounts.ts";
import { convergeDependencies } from "../_shared/subaccounts/dependencies.ts";
import type { Env } from "../_shared/platform/env.ts";
import type { WorkDependencies } from "./work.ts";

/** What the jobs need, from the context of a request. */
export function workDependencies(context: Context): WorkDependencies {
  const { STRIPE_SECRET_KEY, STRIPE_API_BASE_URL, TWILIO_ACCOUNT_SID, PUBLIC_BASE_URL } = context.env;
  return {
    ...convergeDependencies(context),
    async stripe() {
      const { createStripe } = await import("../_shared/stripe/client.ts");
      return createStripe({ secretKey: STRIPE_SECRET_KEY, apiBaseUrl: STRIPE_API_BASE_URL });
    },
    masterAccountSid: TWILIO_ACCOUNT_SID,
    publicBaseUrl: PUBLIC_BASE_URL,
    alertTarget: alertTargetOf(context.env),
    forwardToPrivate: context.env.FORWARD_TO_PRIVATE === "on",
    accounts: twilioAccounts(context),
    tokenMaxAgeDays: context.env.TOKEN_MAX_AGE_DAYS,
    numberSyncsPerMinute: context.env.NUMBER_SYNCS_PER_MINUTE,
  };
}

function alertTargetOf({ OPERATOR_ALERT_URL: url, OPERATOR_ALERT_SECRET: secret }: Env) {
  return url === undefined || secret === undefined ? null : { url, secret };
}
