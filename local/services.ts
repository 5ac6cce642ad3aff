import { join } from "node:path";
import type { Log } from "./log.ts";
import { startStripeSimulator } from "./simulators/stripe/mod.ts";
import { startTwilioSimulator } from "./simulators/twilio/mod.ts";

/** How the functions reach Twilio: the simulator, or the real one where the environment names an account. */
export interface TwilioService {
  accountSid: string;
  authToken: string;
  /** The simulator's address, or that of the environment; undefined for Twilio's own. */
  apiBaseUrl: string | undefined;
  simulated: boolean;
  stop(): Promise<void>;
}

/** How the functions reach Stripe, and how they know its events. */
export interface StripeService {
  secretKey: string;
  webhookSecret: string;
  /** The simulator's address; undefined for Stripe's own. */
  apiBaseUrl: string | undefined;
  simulated: boolean;
  stop(): Promise<void>;
}

export interface ServiceOptions {
  /** Reads a variable that wins over the simulator. */
  env: (name: string) => string | undefined;
  /** Where the simulator keeps its world between two runs; it forgets it where undefined. */
  stateFolder: string | undefined;
  port: number;
  log: Log;
}

/** Uses the Twilio account that the environment names, or starts the simulator. */
export async function startTwilio({ env, stateFolder, port, log }: ServiceOptions): Promise<TwilioService> {
  const [accountSid, authToken] = [env("TWILIO_ACCOUNT_SID"), env("TWILIO_AUTH_TOKEN")];
  if (accountSid && authToken) {
    const apiBaseUrl = env("TWILIO_API_BASE_URL");
    log(`Using the Twilio account ${accountSid} of the environment: what is sent is sent, and billed`);
    return { accountSid, authToken, apiBaseUrl, simulated: false, stop: () => Promise.resolve() };
  }
  const simulator = await startTwilioSimulator({
    port,
    log,
    ...(stateFolder !== undefined && { stateFile: join(stateFolder, "twilio.json") }),
  });
  const { url, stop } = simulator;
  return { accountSid: simulator.accountSid, authToken: simulator.authToken, apiBaseUrl: url, simulated: true, stop };
}

/** Uses the Stripe account that the environment names, or starts the simulator, which sends its events to `webhookUrl`. */
export async function startStripe(
  options: ServiceOptions & { webhookUrl: string; returnUrl: string },
): Promise<StripeService> {
  const { env, stateFolder, port, log, webhookUrl, returnUrl } = options;
  const [secretKey, webhookSecret] = [env("STRIPE_SECRET_KEY"), env("STRIPE_WEBHOOK_SECRET")];
  if (secretKey && webhookSecret) {
    log("Using the Stripe account of the environment");
    return {
      secretKey,
      webhookSecret,
      apiBaseUrl: env("STRIPE_API_BASE_URL"),
      simulated: false,
      stop: () => Promise.resolve(),
    };
  }
  const simulator = await startStripeSimulator({
    port,
    webhookUrl,
    returnUrl,
    log,
    ...(stateFolder !== undefined && { stateFile: join(stateFolder, "stripe.json") }),
  });
  const { url, stop } = simulator;
  return {
    secretKey: simulator.secretKey,
    webhookSecret: simulator.webhookSecret,
    apiBaseUrl: url,
    simulated: true,
    stop,
  };
}
