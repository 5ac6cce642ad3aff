import { dirname } from "node:path";
import type { DemoUser } from "./database/demo-users.ts";
import { writeSecretFile } from "./files.ts";
import type { StripeService, TwilioService } from "./services.ts";

/** What tools and tests need to know of a running stack: the shape of `.local/stack.json`. */
export interface StackState {
  /** The one origin: `/auth/v1`, `/rest/v1`, `/functions/v1/<name>`, and the console at `/`. */
  apiUrl: string;
  /** The superuser's address of the database. */
  dbUrl: string;
  publishableKey: string;
  secretKey: string;
  consoleUrl: string;
  twilio: {
    url: string;
    accountSid: string;
    authToken: string;
    /** The page with a phone per number; only of the simulator. */
    pageUrl?: string;
    simulated: boolean;
  };
  stripe: {
    url: string;
    webhookSecret: string;
    /** Of the simulator only: the real one is in the environment it came from. */
    secretKey?: string;
    /** The page with the subscription controls; only of the simulator. */
    pageUrl?: string;
    simulated: boolean;
  };
  users: DemoUser[];
  functions: { pid: number };
  postgres: { pid: number };
  /** Where the database, the secrets and the state of the simulators are kept. */
  dataDir: string;
  /** The process that runs the stack. */
  pid: number;
}

/** What the state says of Twilio. */
export function twilioState({ accountSid, authToken, apiBaseUrl, simulated }: TwilioService): StackState["twilio"] {
  const url = apiBaseUrl ?? "https://api.twilio.com";
  return { url, accountSid, authToken, simulated, ...(simulated && { pageUrl: `${url}/` }) };
}

/** What the state says of Stripe. */
export function stripeState({ webhookSecret, secretKey, apiBaseUrl, simulated }: StripeService): StackState["stripe"] {
  const url = apiBaseUrl ?? "https://api.stripe.com";
  return { url, webhookSecret, simulated, ...(simulated && { secretKey, pageUrl: `${url}/` }) };
}

/** Writes `.local/stack.json`, or where it was asked for. Holds secrets: only its owner may read it. */
export async function writeStackState(file: string, state: StackState): Promise<void> {
  await Deno.mkdir(dirname(file), { recursive: true });
  await writeSecretFile(file, JSON.stringify(state, null, 2) + "\n");
}

/** Removes the file of a stack that has ended, unless another stack has written its own there. */
export async function removeStackState(file: string, pid: number): Promise<void> {
  try {
    const state = JSON.parse(await Deno.readTextFile(file)) as StackState;
    if (state.pid === pid) await Deno.remove(file);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
