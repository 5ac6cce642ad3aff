import { createStripe } from "../../supabase/functions/_shared/stripe/client.ts";
import { SEED_PLANS } from "../simulators/stripe/objects/catalogue.ts";
import { setUpMetering, type SetUpOptions } from "./set-up.ts";

/** A running Stripe simulator. */
export interface SimulatedStripe {
  url: string;
  secretKey: string;
  fetch?: typeof fetch;
}

/** The plans of a new simulator. */
const SEEDED: SetUpOptions["plans"] = SEED_PLANS.map(({ key }) => ({ key, stripe_price_id: null }));

/**
 * Runs `stripe:setup` on a simulator, which has no operator who would. The events about meters, products and prices are not
 * delivered: at Stripe, the endpoint is not registered for them.
 */
export async function setUpSimulator(
  { url, secretKey, fetch = globalThis.fetch }: SimulatedStripe,
  plans: SetUpOptions["plans"] = SEEDED,
): Promise<void> {
  const faults = async (method: string, body?: unknown) => {
    const response = await fetch(`${url}/_sim/faults`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
    await response.body?.cancel();
  };
  await faults("POST", { deliveries: "dropped" });
  await setUpMetering({ stripe: createStripe({ secretKey, apiBaseUrl: url, fetch }), plans });
  await faults("DELETE");
}
