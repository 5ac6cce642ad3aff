// `deno task verify`: is this installation, local or hosted, in order? One line each; exit 1 when something fails.
import { parseArgs } from "node:util";
import { checkAuth } from "./check-auth.ts";
import { checkBundles } from "./check-bundles.ts";
import { checkDatabase } from "./check-database.ts";
import { checkEnvironment } from "./check-environment.ts";
import { checkFunctions } from "./check-functions.ts";
import { checkMetering } from "./check-metering.ts";
import { checkSealingKeys } from "./check-sealing-keys.ts";
import { checkStripe } from "./check-stripe.ts";
import { checkTwilio } from "./check-twilio.ts";
import { type Finding, show } from "./finding.ts";
import { findTarget, NoTargetError, type Target } from "./target.ts";

const USAGE = `Usage: deno task verify [--state FILE]

Verifies the running local stack (its state is in .local/stack.json, or FILE), or a hosted project when these are set:
SUPABASE_URL, SUPABASE_PUBLISHABLE_KEY, SUPABASE_SECRET_KEY, TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, STRIPE_SECRET_KEY.
With TOKEN_SEALING_KEYS set as well, these are checked before they are deployed: does any token need a key they lack?
With VERIFY_ACCESS_TOKEN (the access token of any signed-in user), the functions are asked whether they accept it.
Nothing is changed. Exit: 0 all in order (warnings allowed), 1 something fails, 2 nothing to verify.`;

const CHECKS: readonly [string, (target: Target) => Finding[] | Promise<Finding[]>][] = [
  ["Environment", checkEnvironment],
  ["Database", checkDatabase],
  ["Sealing keys to deploy", checkSealingKeys],
  ["Functions", checkFunctions],
  ["Callers", checkAuth],
  ["Bundles of this checkout", checkBundles],
  ["Twilio", checkTwilio],
  ["Stripe", checkStripe],
  ["Billing of usage", checkMetering],
];

/** Runs every check against a target and prints as it goes. Returns how many findings there were of each verdict. */
export async function verify(
  target: Target,
  print: (line: string) => void,
): Promise<Record<Finding["verdict"], number>> {
  const count = { ok: 0, warn: 0, fail: 0 };
  print(`Verifying the ${target.kind} installation at ${target.apiUrl}`);
  for (const [area, check] of CHECKS) {
    const findings = await check(target);
    if (findings.length > 0) print(`\n${area}`);
    for (const finding of findings) {
      count[finding.verdict]++;
      print(show(finding));
    }
  }
  print(`\n${count.ok} ok, ${count.warn} to look at, ${count.fail} failed`);
  return count;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    args: Deno.args,
    options: { state: { type: "string", default: ".local/stack.json" }, help: { type: "boolean" } },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const target = await findTarget((name) => Deno.env.get(name) || undefined, values.state);
  return (await verify(target, (line) => console.log(line))).fail > 0 ? 1 : 0;
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
