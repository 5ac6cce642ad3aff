import { join } from "node:path";
import type { AllowedCallers } from "./callers.ts";
import type { Log } from "./log.ts";
import { startStripeSimulator } from "./simulators/stripe/mod.ts";
import { startTwilioSimulator } from "./simulators/twilio/mod.ts";

/**
 * The Twilio service that the functions use: the simulator, or Twilio itself if the environment contains an account.
 */
export interface TwilioService {
  accountSid: string;
  authToken: string;
  /** The address of the simulator, or `TWILIO_API_BASE_URL` from the environment; undefined for api.twilio.com. */
  apiBaseUrl: string | undefined;
  simulated: boolean;
  stop(): Promise<void>;
}

/** The Stripe service that the functions use, with the secret that signs its webhooks. */
export interface StripeService {
  secretKey: string;
  webhookSecret: string;
  /** The secret of the event destination with thin payload. Undefined for a real account that sets none. */
  thinWebhookSecret: string | undefined;
  /** The address of the simulator, or `STRIPE_API_BASE_URL` from the environment; undefined for api.stripe.com. */
  apiBaseUrl: string | undefined;
  simulated: boolean;
  stop(): Promise<void>;
}

export interface ServiceOptions {
  /** Reads an environment variable. */
  env: (name: string) => string | undefined;
  /** Where the simulator saves its state; undefined to keep it in memory only. */
  stateFolder: string | undefined;
  port: number;
  /** Whose requests the simulator answers. */
  callers: AllowedCallers;
  log: Log;
}

/** Uses the Twilio account in the environment, or starts the simulator. */
export async function startTwilio({ env, stateFolder, port, callers, log }: ServiceOptions): Promise<TwilioService> {
  const [accountSid, authToken] = [env("TWILIO_ACCOUNT_SID"), env("TWILIO_AUTH_TOKEN")];
  if (accountSid && authToken) {
    const apiBaseUrl = env("TWILIO_API_BASE_URL");
    log(`Using the Twilio account ${accountSid} from the environment: messages are really sent and billed`);
    return { accountSid, authToken, apiBaseUrl, simulated: false, stop: () => Promise.resolve() };
  }
  const simulator = await startTwilioSimulator({
    port,
    callers,
    log,
    ...(stateFolder !== undefined && { stateFile: join(stateFolder, "twilio.json") }),
  });
  const { url, stop } = simulator;
  return { accountSid: simulator.accountSid, authToken: simulator.authToken, apiBaseUrl: url, simulated: true, stop };
}

/** Uses the Stripe account in the environment, or starts the simulator, which sends its events to the two URLs. */
export async function startStripe(
  options: ServiceOptions & { webhookUrl: string; thinWebhookUrl: string; returnUrl: string },
): Promise<StripeService> {
  const { env, stateFolder, port, callers, log, webhookUrl, thinWebhookUrl, returnUrl } = options;
  const [secretKey, webhookSecret] = [env("STRIPE_SECRET_KEY"), env("STRIPE_WEBHOOK_SECRET")];
  if (secretKey && webhookSecret) {
    log("Using the Stripe account from the environment");
    return {
      secretKey,
      webhookSecret,
      thinWebhookSecret: env("STRIPE_THIN_WEBHOOK_SECRET"),
      apiBaseUrl: env("STRIPE_API_BASE_URL"),
      simulated: false,
      stop: () => Promise.resolve(),
    };
  }
  const simulator = await startStripeSimulator({
    port,
    callers,
    webhookUrl,
    thinWebhookUrl,
    returnUrl,
    log,
    ...(stateFolder !== undefined && { stateFile: join(stateFolder, "stripe.json") }),
  });
  const { url, stop } = simulator;
  return {
    secretKey: simulator.secretKey,
    webhookSecret: simulator.webhookSecret,
    thinWebhookSecret: simulator.thinWebhookSecret,
    apiBaseUrl: url,
    simulated: true,
    stop,
  };
}
