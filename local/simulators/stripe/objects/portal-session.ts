import { newId } from "./ids.ts";
import type { PortalConfiguration, PortalSession } from "./shapes.ts";

/** 2026-01-01: the account is older than any simulator. */
const CREATED = 1_767_225_600;

/** The only configuration of the simulated portal: it switches plans, cancels at the period's end, and takes payments. */
export const PORTAL_CONFIGURATION: PortalConfiguration = {
  id: newId("bpc"),
  object: "billing_portal.configuration",
  active: true,
  application: null,
  business_profile: { headline: null, privacy_policy_url: null, terms_of_service_url: null },
  created: CREATED,
  default_return_url: null,
  features: {
    customer_update: { allowed_updates: [], enabled: false },
    invoice_history: { enabled: false },
    payment_method_update: { enabled: true, payment_method_configuration: null },
    subscription_cancel: {
      cancellation_reason: { enabled: false, feedback_options: null, options: [] },
      enabled: true,
      mode: "at_period_end",
      proration_behavior: "none",
    },
    subscription_pause: { duration: { interval_options: [], type: "indefinite" }, enabled: false },
    subscription_update: {
      billing_cycle_anchor: null,
      default_allowed_updates: ["price"],
      enabled: true,
      products: null,
      proration_behavior: "none",
      schedule_at_period_end: { conditions: [] },
      trial_update_behavior: "end_trial",
    },
  },
  is_default: true,
  livemode: false,
  login_page: { enabled: false, url: null },
  metadata: {},
  name: null,
  updated: CREATED,
};

/** Builds a session of the billing portal. `created` is in Unix seconds. */
export function buildPortalSession(
  input: { customer: string; returnUrl: string | null; url: string; created: number },
): PortalSession {
  return {
    id: newId("bps"),
    object: "billing_portal.session",
    configuration: PORTAL_CONFIGURATION.id,
    created: input.created,
    customer: input.customer,
    customer_account: null,
    flow: null,
    livemode: false,
    locale: null,
    on_behalf_of: null,
    return_url: input.returnUrl,
    url: input.url,
  };
}
