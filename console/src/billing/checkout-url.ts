import type { SignedInUser } from "../session/session.tsx";

/**
 * The checkout page for one user. `client_reference_id` is how the payment finds its tenant; the parameters are those of
 * Stripe's Payment Links, which ignore `price`: the simulator's page preselects the plan by it.
 */
export function checkoutUrlFor(checkoutUrl: string, { id, email }: SignedInUser, plan = "starter"): string {
  const url = new URL(checkoutUrl);
  url.searchParams.set("client_reference_id", id);
  url.searchParams.set("prefilled_email", email);
  url.searchParams.set("price", plan);
  return url.href;
}
