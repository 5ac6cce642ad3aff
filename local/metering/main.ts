// `deno task stripe:setup`: the meters and metered prices that usage is billed through. Says what it did, one line each.
import { parseArgs } from "node:util";
import { createClient } from "@supabase/supabase-js";
import { createStripe } from "../../supabase/functions/_shared/stripe/client.ts";
import { findStripeTarget, NoTargetError } from "../verify/target.ts";
import { type Market, setUpMetering } from "./set-up.ts";

const USAGE =
  `Usage: deno task stripe:setup [--dry-run] [--tax-code CODE] [--market CURRENCY[:INTERVAL]]… [--state FILE]

Creates at Stripe what usage is billed through: a meter and a product for each kind of usage, and a metered price for each
currency and interval in which a plan has a price. Without SUPABASE_URL it works on the running local stack (its state is
in .local/stack.json, or FILE), else on the Stripe account of STRIPE_SECRET_KEY, with the plans that it reads with
SUPABASE_URL and SUPABASE_SECRET_KEY. Safe to repeat: what exists is kept. Run it after a plan got a price in another
currency or interval.

  --dry-run       only say what would be done
  --tax-code CODE set Stripe Tax's code on the products, such as txcd_10701400
  --market C[:I]  also create the prices of currency C, such as eur, for subscriptions that renew each I: month (default),
                  year, week, 3month; may be repeated
  --state FILE    the state of the local stack

Exit: 0 all is there, 1 something must be repaired at Stripe by hand, 2 wrong usage or nothing to work on.`;

/** @throws TypeError for another form */
export function marketFrom(text: string): Market {
  const match = /^([a-z]{3})(?::(\d*)(day|week|month|year))?$/.exec(text.toLowerCase());
  if (match === null) throw new TypeError(`Unknown market "${text}": expected a currency, such as eur or eur:year`);
  const [, currency = "", count, interval = "month"] = match;
  return { currency, interval: interval as Market["interval"], count: count ? Number(count) : 1 };
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      "dry-run": { type: "boolean", default: false },
      "tax-code": { type: "string" },
      market: { type: "string", multiple: true, default: [] },
      state: { type: "string", default: ".local/stack.json" },
      help: { type: "boolean" },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const markets = values.market.map(marketFrom);
  const { apiUrl, secretKey, stripe } = await findStripeTarget((name) => Deno.env.get(name) || undefined, values.state);
  const db = createClient(apiUrl, secretKey, { auth: { persistSession: false, autoRefreshToken: false } });
  const { data: plans, error } = await db.from("plans").select("key, stripe_price_id")
    .not("key", "in", "(fallback,free)").order("rank");
  if (error !== null) throw new NoTargetError(`Cannot read the plans at ${apiUrl}: ${error.message}`);
  const steps = await setUpMetering({
    stripe: createStripe({ secretKey: stripe.secretKey, apiBaseUrl: stripe.url }),
    plans,
    markets,
    taxCode: values["tax-code"],
    dryRun: values["dry-run"],
  });
  for (const { did, what } of steps) console.log(`  ${did.padEnd(11)} ${what}`);
  const changed = steps.filter(({ did }) => !["kept", "problem"].includes(did)).length;
  const problems = steps.filter(({ did }) => did === "problem").length;
  console.log(`${values["dry-run"] ? "To do" : "Done"}: ${changed} changed, ${problems} to repair by hand`);
  return problems > 0 ? 1 : 0;
}

if (import.meta.main) {
  try {
    Deno.exit(await main());
  } catch (error) {
    const usage = error instanceof TypeError; // parseArgs: an unknown flag
    if (!usage && !(error instanceof NoTargetError)) throw error;
    console.error(`${error.message}\n${usage ? `\n${USAGE}` : ""}`);
    Deno.exit(2);
  }
}
