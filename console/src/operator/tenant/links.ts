import type { ConsoleConfig } from "../../platform/config.ts";

/**
 * The page of an object in Stripe's dashboard; null with the local simulator, whose ids Stripe does not know. Twilio documents
 * no address of a subaccount in its console.
 */
export function stripeLink(
  { stripeUrl }: Pick<ConsoleConfig, "stripeUrl">,
  kind: "customers" | "subscriptions",
  id: string,
): string | null {
  return stripeUrl === null ? `https://dashboard.stripe.com/${kind}/${encodeURIComponent(id)}` : null;
}
