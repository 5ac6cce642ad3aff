import { newId } from "./ids.ts";
import type { PortalSession } from "./shapes.ts";

/** The only configuration of the simulated portal. */
const CONFIGURATION = newId("bpc");

/** Builds a session of the billing portal. `created` is in Unix seconds. */
export function buildPortalSession(
  input: { customer: string; returnUrl: string | null; url: string; created: number },
): PortalSession {
  return {
    id: newId("bps"),
    object: "billing_portal.session",
    configuration: CONFIGURATION,
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
