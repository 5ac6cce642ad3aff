import { dirname } from "node:path";
import type { DemoUser } from "./database/demo-users.ts";
import { writeSecretFile } from "./files.ts";
import type { StripeService, TwilioService } from "./services.ts";

/** The addresses, keys and process ids of a running stack, for tools and tests. The shape of `.local/stack.json`. */
export interface StackState {
  /** The origin of all APIs: `/auth/v1`, `/rest/v1`, `/functions/v1/<name>`, and the console at `/`. */
  apiUrl: string;
  /** The connection string of the database superuser. */
  dbUrl: string;
  publishableKey: string;
  secretKey: string;
  consoleUrl: string;
  twilio: {
    url: string;
    accountSid: string;
    authToken: string;
    /** The page with one phone per number. Simulator only. */
    pageUrl?: string;
    simulated: boolean;
  };
  stripe: {
    url: string;
    webhookSecret: string;
    /** Signs thin events; absent when a real account has no such secret in the environment. */
    thinWebhookSecret?: string;
    /** Simulator only: a real key stays in the environment. */
    secretKey?: string;
    /** The page with the subscription controls. Simulator only. */
    pageUrl?: string;
    simulated: boolean;
  };
  users: DemoUser[];
  functions: { pid: number };
  postgres: { pid: number };
  /** The folder of the database, the secrets and the simulator state. */
  dataDir: string;
  /** The process that runs the stack. */
  pid: number;
}

/** Whether the stack uses a real Twilio or Stripe account, so that it can spend money. */
export function usesRealService({ twilio, stripe }: Services): boolean {
  return !twilio.simulated || !stripe.simulated;
}

interface Services {
  twilio: { simulated: boolean };
  stripe: { simulated: boolean };
}

/** Returns the Twilio part of the state. */
export function twilioState({ accountSid, authToken, apiBaseUrl, simulated }: TwilioService): StackState["twilio"] {
  const url = apiBaseUrl ?? "https://api.twilio.com";
  return { url, accountSid, authToken, simulated, ...(simulated && { pageUrl: `${url}/` }) };
}

/** Returns the Stripe part of the state. */
export function stripeState(
  { webhookSecret, thinWebhookSecret, secretKey, apiBaseUrl, simulated }: StripeService,
): StackState["stripe"] {
  const url = apiBaseUrl ?? "https://api.stripe.com";
  const thin = thinWebhookSecret === undefined ? {} : { thinWebhookSecret };
  return { url, webhookSecret, ...thin, simulated, ...(simulated && { secretKey, pageUrl: `${url}/` }) };
}

/** Writes the state file. It contains secrets, so only its owner can read it. */
export async function writeStackState(file: string, state: StackState): Promise<void> {
  await Deno.mkdir(dirname(file), { recursive: true });
  await writeSecretFile(file, JSON.stringify(state, null, 2) + "\n");
}

/** Removes the state file of a stopped stack, unless another stack has overwritten it. */
export async function removeStackState(file: string, pid: number): Promise<void> {
  try {
    const state = JSON.parse(await Deno.readTextFile(file)) as StackState;
    if (state.pid === pid) await Deno.remove(file);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
