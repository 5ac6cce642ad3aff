import type { Context } from "../_shared/platform/endpoint.ts";
import { masterOptions, twilioAccounts } from "../_shared/accounts/twilio-accounts.ts";
import { connectStripe } from "../_shared/stripe/connect.ts";
import { convergeDependencies } from "../_shared/subaccounts/dependencies.ts";
import type { Env } from "../_shared/platform/env.ts";
import type { WorkDependencies } from "./work.ts";

/** What the jobs need, from the context of a request. */
export function workDependencies(context: Context): WorkDependencies {
  return {
    ...convergeDependencies(context),
    stripe: () => connectStripe(context.env),
    async messagePricing() {
      const { messagePricing } = await import("../_shared/twilio/message-pricing.ts");
      return messagePricing(masterOptions(context.env));
    },
    async numberPrices(country) {
      const { numberPrices } = await import("../_shared/twilio/pricing.ts");
      return await numberPrices(country, masterOptions(context.env));
    },
    alertTarget: alertTargetOf(context.env),
    forwardToPrivate: context.env.FORWARD_TO_PRIVATE === "on",
    accounts: twilioAccounts(context),
    tokenMaxAgeDays: context.env.TOKEN_MAX_AGE_DAYS,
    numberSyncsPerMinute: context.env.NUMBER_SYNCS_PER_MINUTE,
    campaignRecipientsKeptDays: context.env.CAMPAIGN_RECIPIENTS_KEPT_DAYS,
  };
}

function alertTargetOf({ OPERATOR_ALERT_URL: url, OPERATOR_ALERT_SECRET: secret }: Env) {
  return url === undefined || secret === undefined ? null : { url, secret };
}
