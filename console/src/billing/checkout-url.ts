import type { SignedInUser } from "../session/session.tsx";

/**
 * Returns the URL of the checkout page for one user. The parameters are those of Stripe's Payment Links:
 * `client_reference_id` links the payment to the tenant. Payment Links ignore `price`; the simulator's page uses it to
 * preselect the plan.
 */
export function checkoutUrlFor(checkoutUrl: string, { id, email }: SignedInUser, plan = "starter"): string {
  const url = new URL(checkoutUrl);
  url.searchParams.set("client_reference_id", id);
  url.searchParams.set("prefilled_email", email);
  url.searchParams.set("price", plan);
  return url.href;
}
