import { createClient } from "@supabase/supabase-js";
import type { DemoUser } from "../database/demo-users.ts";
import type { StackState } from "../stack-state.ts";

/** The installation to verify. */
export interface Target {
  kind: "local" | "hosted";
  apiUrl: string;
  publishableKey: string;
  secretKey: string;
  twilio: { url: string; accountSid: string; authToken: string };
  stripe: { url: string; secretKey: string | null };
  /** The access token of a user who is signed in; null when it was not given. */
  accessToken: string | null;
  /** The value of TOKEN_SEALING_KEYS that is, or is to be, deployed; null where it was not given. */
  sealingKeys: string | null;
}

/** Says that there is nothing to verify, and what to do. */
export class NoTargetError extends Error {
  override readonly name = "NoTargetError";
}

const HOSTED = [
  "SUPABASE_URL",
  "SUPABASE_PUBLISHABLE_KEY",
  "SUPABASE_SECRET_KEY",
  "TWILIO_ACCOUNT_SID",
  "TWILIO_AUTH_TOKEN",
  "STRIPE_SECRET_KEY",
] as const;

/**
 * A hosted project when SUPABASE_URL is set, else the running local stack.
 * @throws NoTargetError naming what is missing
 */
export async function findTarget(read: (name: string) => string | undefined, stateFile: string): Promise<Target> {
  const target = read("SUPABASE_URL") === undefined ? await localTarget(stateFile) : hostedTarget(read);
  const accessToken = read("VERIFY_ACCESS_TOKEN") ?? (target.demoUser && await tokenOf(target, target.demoUser));
  return { ...target, accessToken: accessToken ?? null, sealingKeys: read("TOKEN_SEALING_KEYS") ?? null };
}

type Found = Omit<Target, "accessToken" | "sealingKeys"> & { demoUser?: DemoUser };

/** Signs in as a demo user of the local stack. */
async function tokenOf({ apiUrl, publishableKey }: Found, { email, password }: DemoUser): Promise<string | null> {
  const auth = { persistSession: false, autoRefreshToken: false };
  const { data } = await createClient(apiUrl, publishableKey, { auth }).auth.signInWithPassword({ email, password });
  return data.session?.access_token ?? null;
}

async function localTarget(stateFile: string): Promise<Found> {
  let state: StackState;
  try {
    state = JSON.parse(await Deno.readTextFile(stateFile));
  } catch {
    throw new NoTargetError(
      `No local stack is running ("${stateFile}" is not there). Start one with \`deno task start\`, or set ${
        HOSTED.join(", ")
      } to verify a hosted project`,
    );
  }
  const { apiUrl, publishableKey, secretKey, twilio, stripe, users: [demoUser] } = state;
  return {
    kind: "local",
    apiUrl,
    publishableKey,
    secretKey,
    twilio,
    stripe: { url: stripe.url, secretKey: stripe.secretKey ?? null },
    ...(demoUser && { demoUser }),
  };
}

/** Where `stripe:setup` works: the plans of an installation, and its Stripe account. */
export interface StripeTarget extends Pick<Target, "apiUrl" | "secretKey"> {
  stripe: { url: string; secretKey: string };
}

const FOR_STRIPE = ["SUPABASE_URL", "SUPABASE_SECRET_KEY", "STRIPE_SECRET_KEY"] as const;

/**
 * A hosted project's when SUPABASE_URL is set, else the running local stack's.
 * @throws NoTargetError naming what is missing
 */
export async function findStripeTarget(
  read: (name: string) => string | undefined,
  stateFile: string,
): Promise<StripeTarget> {
  const missing = FOR_STRIPE.filter((name) => !read(name));
  const [apiUrl, secretKey, stripeKey] = FOR_STRIPE.map((name) => read(name));
  const url = read("STRIPE_API_BASE_URL") ?? "https://api.stripe.com";
  if (apiUrl !== undefined) {
    if (secretKey && stripeKey) {
      return { apiUrl: apiUrl.replace(/\/+$/, ""), secretKey, stripe: { url, secretKey: stripeKey } };
    }
    throw new NoTargetError(
      `Cannot set up Stripe: ${missing.join(", ")} ${missing.length === 1 ? "is" : "are"} not set`,
    );
  }
  const local = await localTarget(stateFile);
  const localKey = local.stripe.secretKey ?? stripeKey;
  if (localKey === undefined) {
    throw new NoTargetError("Cannot set up Stripe: the stack uses a real account. Set STRIPE_SECRET_KEY to its key");
  }
  return { ...local, stripe: { url: local.stripe.url, secretKey: localKey } };
}

function hostedTarget(read: (name: string) => string | undefined): Found {
  const missing = HOSTED.filter((name) => !read(name));
  if (missing.length > 0) {
    throw new NoTargetError(
      `Cannot verify the hosted project: ${missing.join(", ")} ${missing.length === 1 ? "is" : "are"} not set`,
    );
  }
  const value = (name: typeof HOSTED[number]) => read(name) ?? "";
  return {
    kind: "hosted",
    apiUrl: value("SUPABASE_URL").replace(/\/+$/, ""),
    publishableKey: value("SUPABASE_PUBLISHABLE_KEY"),
    secretKey: value("SUPABASE_SECRET_KEY"),
    twilio: {
      url: read("TWILIO_API_BASE_URL") ?? "https://api.twilio.com",
      accountSid: value("TWILIO_ACCOUNT_SID"),
      authToken: value("TWILIO_AUTH_TOKEN"),
    },
    stripe: { url: read("STRIPE_API_BASE_URL") ?? "https://api.stripe.com", secretKey: value("STRIPE_SECRET_KEY") },
  };
}
