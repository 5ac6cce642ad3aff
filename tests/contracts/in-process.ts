import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { readContracts } from "../../local/openapi/contracts.ts";
import type { Caller } from "../../supabase/functions/_shared/platform/contract.ts";

const URL_OF_PROJECT = "https://project.supabase.co";
const SECRET_KEY = "sb_secret_scheduler";

/** The deployed functions, called in this process with every credential that they ask for, and no service behind them. */
export interface InProcess {
  contracts: Awaited<ReturnType<typeof readContracts>>;
  /** Calls a function at `/<path>`, with the caller's credential. */
  call(name: string, path: string, init?: RequestInit & { caller?: Caller }): Promise<Response>;
  /** How many calls to Postgres, Twilio and Stripe were tried. Each is answered with 500. */
  outgoing(): number;
  [Symbol.dispose](): void;
}

export async function functionsInProcess(): Promise<InProcess> {
  const { privateKey, publicKey } = await generateKeyPair("ES256");
  const variables: Record<string, string> = {
    SUPABASE_URL: URL_OF_PROJECT,
    SUPABASE_JWKS: JSON.stringify({ keys: [{ ...await exportJWK(publicKey), kid: "k1", alg: "ES256" }] }),
    SUPABASE_SECRET_KEYS: JSON.stringify({ default: SECRET_KEY }),
    SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: "sb_publishable_x" }),
    TWILIO_ACCOUNT_SID: "AC" + "0".repeat(32),
    TWILIO_AUTH_TOKEN: "1".repeat(32),
    TOKEN_SEALING_KEYS: JSON.stringify({ k1: btoa("k".repeat(32)) }),
    STRIPE_SECRET_KEY: "sk_test_123",
    STRIPE_WEBHOOK_SECRET: "whsec_123",
    PUBLIC_BASE_URL: `${URL_OF_PROJECT}/functions/v1`,
    ALLOWED_ORIGINS: "https://app.example.com",
    RATE_LIMIT_FACTOR: "0",
  };
  for (const [name, value] of Object.entries(variables)) Deno.env.set(name, value);
  const original = globalThis.fetch;
  const print = console.log;
  let outgoing = 0;
  globalThis.fetch = () => {
    outgoing++;
    return Promise.resolve(Response.json({ message: "nothing is behind these functions" }, { status: 500 }));
  };
  console.log = () => {};
  const contracts = await readContracts();
  const functions = new Map<string, (request: Request) => Promise<Response>>();
  for (const name of Object.keys(contracts)) {
    const { default: served } = await import(`../../supabase/functions/${name}/index.ts`);
    functions.set(name, served.fetch);
  }
  const token = await new SignJWT({
    sub: crypto.randomUUID(),
    role: "authenticated",
    aud: "authenticated",
    iss: `${URL_OF_PROJECT}/auth/v1`,
    app_metadata: { role: "operator" },
  }).setProtectedHeader({ alg: "ES256", kid: "k1" }).setExpirationTime("1h").sign(privateKey);
  return {
    contracts,
    outgoing: () => outgoing,
    async call(name, path, { caller, ...init } = {}) {
      const headers = new Headers(init.headers);
      if (caller === "secret") headers.set("apikey", SECRET_KEY);
      else if (caller !== undefined && !headers.has("authorization")) headers.set("authorization", `Bearer ${token}`);
      return await functions.get(name)!(new Request(`http://functions/${path}`, { ...init, headers }));
    },
    [Symbol.dispose]() {
      globalThis.fetch = original;
      console.log = print;
      for (const name of Object.keys(variables)) Deno.env.delete(name);
    },
  };
}
