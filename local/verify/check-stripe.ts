import Stripe from "stripe";
import { createStripe } from "../../supabase/functions/_shared/stripe/client.ts";
import { checkEvents } from "./check-stripe-events.ts";
import { fail, type Finding, ok, warn } from "./finding.ts";
import type { Target } from "./target.ts";

/**
 * Stripe: reachable, with prices that belong to plans, and (hosted) with a billing portal and the destinations that send what we
 * need.
 */
export async function checkStripe(target: Target): Promise<Finding[]> {
  const { stripe: { url, secretKey }, apiUrl, kind } = target;
  if (secretKey === null) {
    return [warn("Stripe", "was not asked: its key is not known here", "Set STRIPE_SECRET_KEY to verify it too")];
  }
  const stripe = createStripe({ secretKey, apiBaseUrl: url });
  try {
    const prices = await stripe.prices.list({ active: true, limit: 100 });
    const keyed = prices.data.filter(({ lookup_key, recurring }) => lookup_key !== null && !recurring?.meter);
    const findings = [
      keyed.length > 0
        ? ok(
          "prices",
          `${keyed.length} with a lookup key: ${keyed.map(({ lookup_key }) => lookup_key).slice(0, 5).join(", ")}`,
        )
        : warn(
          "prices",
          "none has a lookup key",
          "Give each price the key of its plan as lookup key, or put its id into plans.stripe_price_id",
        ),
    ];
    return kind === "local" ? findings : [
      ...findings,
      await checkPortal(stripe),
      ...await checkEvents(stripe, `${apiUrl}/functions/v1/stripe-webhook`),
    ];
  } catch (error) {
    if (!(error instanceof Stripe.errors.StripeError)) throw error;
    const refused = error.statusCode === 401 || error.statusCode === 403;
    return [
      refused
        ? fail(
          "Stripe",
          `refuses the key (${error.statusCode})`,
          "Check STRIPE_SECRET_KEY: it must read prices and events, and read and write subscriptions",
        )
        : fail("Stripe", `cannot be asked: ${error.type}`, `Is ${url} reachable from here?`),
    ];
  }
}

/** Stripe opens no portal until its settings were saved once in the dashboard. */
async function checkPortal(stripe: Stripe): Promise<Finding> {
  const { data: [settings] } = await stripe.billingPortal.configurations.list({
    is_default: true,
    active: true,
    limit: 1,
  });
  if (settings === undefined) {
    return warn(
      "billing portal",
      "has no settings, so billing-portal answers 502",
      'Save its settings in Stripe\'s dashboard (docs/operations.md, "Stripe")',
    );
  }
  const { subscription_cancel: cancel } = settings.features;
  return cancel.enabled ? ok("billing portal", "tenants can cancel") : warn(
    "billing portal",
    "does not let tenants cancel",
    'Change its settings in Stripe\'s dashboard (docs/operations.md, "Stripe")',
  );
}
