import Stripe from "stripe";
import { createClient } from "@supabase/supabase-js";
import type { Database } from "../../supabase/functions/_shared/database.types.ts";
import { eventName, KINDS } from "../../supabase/functions/_shared/billing/meters.ts";
import { createStripe } from "../../supabase/functions/_shared/stripe/client.ts";
import { setUpMetering, type Step } from "../metering/set-up.ts";
import { fail, type Finding, ok, warn } from "./finding.ts";
import type { Target } from "./target.ts";

const RUN_SETUP = "Run `deno task stripe:setup`, which creates what is missing";

/**
 * What usage is billed through: a meter for each kind, metered prices for each currency and interval in which a plan is sold, and
 * metered items on every subscription of a tenant's own.
 */
export async function checkMetering(target: Target): Promise<Finding[]> {
  const { stripe: { url, secretKey } } = target;
  // That Stripe was not asked is said by its own check.
  if (secretKey === null) return [];
  const db = createClient<Database>(target.apiUrl, target.secretKey, {
    auth: { persistSession: false, autoRefreshToken: false },
  });
  const { data: plans } = await db.from("plans").select("key, stripe_price_id").not("key", "in", "(fallback,free)");
  // An installation without a database is reported by its own check.
  if (plans === null) return [];
  try {
    const steps = await setUpMetering({ stripe: createStripe({ secretKey, apiBaseUrl: url }), plans, dryRun: true });
    return [metersFinding(steps), pricesFinding(steps), await itemsFinding(db)];
  } catch (error) {
    // The check of Stripe says why.
    if (error instanceof Stripe.errors.StripeError) return [];
    throw error;
  }
}

const of = (steps: Step[], what: string) => steps.filter((step) => step.what.startsWith(what));
const listed = (steps: Step[]) => steps.map(({ did, what }) => `${what} (${WOULD[did]})`).join("; ");
const WOULD: Readonly<Record<Step["did"], string>> = {
  created: "missing",
  reactivated: "not active",
  replaced: "wrong",
  updated: "differs",
  kept: "kept",
  problem: "wrong",
};

function metersFinding(steps: Step[]): Finding {
  const meters = of(steps, "meter ");
  const problems = meters.filter(({ did }) => did === "problem");
  if (problems.length > 0) {
    return fail("meters", listed(problems), "Deactivate it at Stripe, then run `deno task stripe:setup`");
  }
  const missing = meters.filter(({ did }) => did !== "kept");
  return missing.length > 0
    ? fail("meters", listed(missing), RUN_SETUP)
    : ok("meters", `${meters.length}, one for each kind of usage: ${KINDS.map(eventName).join(", ")}`);
}

function pricesFinding(steps: Step[]): Finding {
  const prices = of(steps, "price ");
  const missing = prices.filter(({ did }) => did !== "kept");
  if (missing.length > 0) return fail("metered prices", listed(missing), RUN_SETUP);
  return prices.length > 0
    ? ok("metered prices", `${prices.length}, for each currency and interval in which a plan is sold`)
    : warn("metered prices", "none is needed: no plan has a price at Stripe", "Create a price for each plan on sale");
}

async function itemsFinding(db: ReturnType<typeof createClient<Database>>): Promise<Finding> {
  const { data, error } = await db.rpc("unmetered_subscriptions", { p_limit: 5 });
  if (error !== null) return fail("metered items", `cannot be read: ${error.message}`, "Apply the migrations");
  const [found] = data;
  if (found === undefined || found.total === 0) {
    return ok("metered items", "every subscription of a tenant's own bills usage");
  }
  return fail(
    "metered items",
    `${found.total} subscriptions of tenants' own cannot bill usage: ${found.subscription_ids.join(", ")}`,
    "See the alerts `metering`; `keep-metered-items` tries again each hour",
  );
}
