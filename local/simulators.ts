/**
 * `deno task simulators`: runs the Twilio and Stripe simulators without the stack, for use with `supabase start`, and
 * prints the environment variables that the functions need.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { randomBytes } from "node:crypto";
import { type AllowedCallers, allowedCallers } from "./callers.ts";
import { fileExists, writeSecretFile } from "./files.ts";
import { whenLauncherEnds } from "./launcher.ts";
import { setUpSimulator } from "./metering/simulated.ts";
import { awayFromStacks } from "./neighbours.ts";
import { startStripeSimulator, type StripeSimulator } from "./simulators/stripe/mod.ts";
import { startTwilioSimulator, type TwilioSimulator } from "./simulators/twilio/mod.ts";

const USAGE = `Usage: deno task simulators [--api-url URL] [--host NAME]

  --api-url URL  the address of the functions from this machine (default: http://127.0.0.1:54321)
                 Nothing is sent to a stack of \`task start\`, which has simulators of its own
  --host NAME    the name of this machine from the functions (default: host.docker.internal, because \`supabase start\`
                 runs them in Docker); use 127.0.0.1 for functions outside Docker. The simulators answer for this name
                 and for loopback names, and listen on 127.0.0.1 only. Docker Desktop can reach it; with Docker on
                 Linux, forward both ports, for example with socat
  --help         show this help`;

const TWILIO_PORT = 54334;
const STRIPE_PORT = 54335;
const STATE_FOLDER = fileURLToPath(new URL("../.local/simulators", import.meta.url));

if (import.meta.main) {
  try {
    await main(Deno.args);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(1);
  }
}

async function main(args: string[]): Promise<void> {
  const { apiUrl, host } = optionsFrom(args);
  const simulators = await startSimulators({
    apiUrl,
    callers: allowedCallers([host], Deno.env.get("ALLOWED_ORIGINS")),
    stateFolder: STATE_FOLDER,
    ports: { twilio: TWILIO_PORT, stripe: STRIPE_PORT },
    print: console.log,
  });
  const { twilio, stripe } = simulators;
  const variables = {
    TWILIO_ACCOUNT_SID: twilio.accountSid,
    TWILIO_AUTH_TOKEN: twilio.authToken,
    TWILIO_API_BASE_URL: seenFrom(host, twilio.url),
    STRIPE_SECRET_KEY: stripe.secretKey,
    STRIPE_WEBHOOK_SECRET: stripe.webhookSecret,
    STRIPE_THIN_WEBHOOK_SECRET: stripe.thinWebhookSecret,
    STRIPE_API_BASE_URL: seenFrom(host, stripe.url),
    TOKEN_SEALING_KEYS: await sealingKeys(),
    PUBLIC_BASE_URL: `${apiUrl}/functions/v1`,
  };
  console.log(`Phones          ${twilio.url}/\nSubscriptions   ${stripe.url}/\n`);
  console.log("Copy these lines to supabase/functions/.env, then run: supabase functions serve\n");
  for (const [name, value] of Object.entries(variables)) console.log(`${name}=${value}`);
  console.log("\nready");
  const stop = async () => {
    await simulators.stop();
    Deno.exit(0);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) Deno.addSignalListener(signal, stop);
  await whenLauncherEnds(stop);
}

export interface SimulatorsOptions {
  /** The address of the functions. */
  apiUrl: string;
  callers: AllowedCallers;
  stateFolder: string;
  ports: { twilio: number; stripe: number };
  print: (line: string) => void;
}

export interface Simulators {
  twilio: TwilioSimulator;
  stripe: StripeSimulator;
  stop(): Promise<void>;
}

/** Starts both simulators. They send nothing to a local stack, which has simulators of its own. */
export async function startSimulators(
  { apiUrl, callers, stateFolder, ports, print }: SimulatorsOptions,
): Promise<Simulators> {
  await Deno.mkdir(stateFolder, { recursive: true });
  const refused = (origin: string) =>
    print(
      `A local stack with simulators of its own runs at ${origin}: nothing is sent to it. Set --api-url, or stop it`,
    );
  const twilio = await startTwilioSimulator({
    port: ports.twilio,
    callers,
    stateFile: join(stateFolder, "twilio.json"),
    mayCall: awayFromStacks("twilio", refused),
  });
  const stripe = await startStripeSimulator({
    port: ports.stripe,
    callers,
    stateFile: join(stateFolder, "stripe.json"),
    webhookUrl: `${apiUrl}/functions/v1/stripe-webhook`,
    thinWebhookUrl: `${apiUrl}/functions/v1/stripe-webhook/thin`,
    returnUrl: apiUrl,
    mayCall: awayFromStacks("stripe", refused),
  });
  await setUpSimulator(stripe);
  return {
    twilio,
    stripe,
    async stop() {
      await Promise.all([twilio.stop(), stripe.stop()]);
    },
  };
}

function optionsFrom(args: string[]): { apiUrl: string; host: string } {
  try {
    const { values } = parseArgs({
      args,
      options: { "api-url": { type: "string" }, host: { type: "string" }, help: { type: "boolean", short: "h" } },
    });
    if (values.help) {
      console.log(USAGE);
      Deno.exit(0);
    }
    const apiUrl = values["api-url"] ?? "http://127.0.0.1:54321";
    return { apiUrl: new URL(apiUrl).href.replace(/\/$/, ""), host: values.host ?? "host.docker.internal" };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
    Deno.exit(2);
  }
}

function seenFrom(host: string, address: string): string {
  const url = new URL(address);
  url.hostname = host;
  return url.origin;
}

/**
 * Saved beside the simulator state, so that a later run can open the tokens that the functions sealed in an earlier
 * one.
 */
async function sealingKeys(): Promise<string> {
  const file = join(STATE_FOLDER, "token-sealing-keys.json");
  if (!await fileExists(file)) {
    await writeSecretFile(file, JSON.stringify({ k1: randomBytes(32).toString("base64") }));
  }
  return await Deno.readTextFile(file);
}
