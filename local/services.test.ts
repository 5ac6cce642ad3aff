import assert from "node:assert/strict";
import http from "node:http";
import { allowedCallers, LOOPBACK_ONLY } from "./callers.ts";
import { type FunctionsContext, functionsEnvironment } from "./functions/environment.ts";
import { startStripe, startTwilio } from "./services.ts";
import { stripeState, twilioState } from "./stack-state.ts";

const REAL: Record<string, string> = {
  TWILIO_ACCOUNT_SID: "AC00000000000000000000000000000001",
  TWILIO_AUTH_TOKEN: "a real token",
  STRIPE_SECRET_KEY: "sk_live_real",
  STRIPE_WEBHOOK_SECRET: "whsec_real",
  STRIPE_THIN_WEBHOOK_SECRET: "whsec_thin",
};
const ADDRESSES = {
  webhookUrl: "http://127.0.0.1:1/hook",
  thinWebhookUrl: "http://127.0.0.1:1/hook/thin",
  returnUrl: "http://127.0.0.1:1/",
};

function optionsWith(variables: Record<string, string>) {
  return {
    env: (name: string) => variables[name],
    stateFolder: undefined,
    port: 0,
    callers: LOOPBACK_ONLY,
    log: () => {},
  };
}

Deno.test("The stack uses the Twilio and Stripe accounts in the environment and starts no simulator", async () => {
  const twilio = await startTwilio(optionsWith(REAL));
  assert.deepEqual(twilioState(twilio), {
    url: "https://api.twilio.com",
    accountSid: REAL.TWILIO_ACCOUNT_SID,
    authToken: REAL.TWILIO_AUTH_TOKEN,
    simulated: false,
  });
  const stripe = await startStripe({ ...optionsWith(REAL), ...ADDRESSES });
  assert.deepEqual(stripeState(stripe), {
    url: "https://api.stripe.com",
    webhookSecret: "whsec_real",
    thinWebhookSecret: "whsec_thin",
    simulated: false,
  });
  assert.equal(stripe.thinWebhookSecret, "whsec_thin");
});

Deno.test("The stack starts the Twilio simulator when the environment has a SID without an auth token", async () => {
  const twilio = await startTwilio(optionsWith({ TWILIO_ACCOUNT_SID: "AC1" }));
  assert.equal(twilio.simulated, true);
  assert.notEqual(twilio.accountSid, "AC1");
  assert.equal(twilioState(twilio).pageUrl, `${twilio.apiBaseUrl}/`);
  await twilio.stop();
});

Deno.test("The simulators keep their accounts and secrets across a restart", async () => {
  const stateFolder = await Deno.makeTempDir({ prefix: "switchboard-services-" });
  const round = async () => {
    const twilio = await startTwilio({ ...optionsWith({}), stateFolder });
    const stripe = await startStripe({ ...optionsWith({}), ...ADDRESSES, stateFolder });
    await Promise.all([twilio.stop(), stripe.stop()]);
    return [twilio.accountSid, twilio.authToken, stripe.secretKey, stripe.webhookSecret, stripe.thinWebhookSecret];
  };
  assert.deepEqual(await round(), await round());
  await Deno.remove(stateFolder, { recursive: true });
});

const CONTEXT: FunctionsContext = {
  apiUrl: "http://127.0.0.1:54321",
  databaseUrl: "postgresql://",
  publishableKey: "p",
  secretKey: "s",
  jwks: { keys: [] },
  tokenSealingKeys: "{}",
  twilio: { accountSid: "AC", authToken: "t", apiBaseUrl: undefined, simulated: true },
  stripe: {
    secretKey: "sk",
    webhookSecret: "wh",
    thinWebhookSecret: undefined,
    apiBaseUrl: undefined,
    simulated: true,
  },
  env: () => undefined,
  given: {},
};

Deno.test("The functions receive no API base URL when the stack uses the real services", () => {
  const env = functionsEnvironment(CONTEXT);
  assert.equal("TWILIO_API_BASE_URL" in env, false);
  assert.equal("STRIPE_API_BASE_URL" in env, false);
  assert.equal("STRIPE_THIN_WEBHOOK_SECRET" in env, false);
  const simulated = functionsEnvironment({ ...CONTEXT, stripe: { ...CONTEXT.stripe, thinWebhookSecret: "whsec_t" } });
  assert.equal(simulated.STRIPE_THIN_WEBHOOK_SECRET, "whsec_t");
});

Deno.test("A variable in the environment overrides the stack's value, and the env option overrides both", () => {
  const variables: Record<string, string> = {
    MASTER_FALLBACK: "on",
    PUBLIC_BASE_URL: "https://tunnel.test",
    HOME: "/home/me",
  };
  const env = functionsEnvironment({
    ...CONTEXT,
    env: (name) => variables[name],
    given: { MASTER_FALLBACK: "off", EXTRA: "1" },
  });
  assert.equal(env.PUBLIC_BASE_URL, "https://tunnel.test");
  assert.equal(env.MASTER_FALLBACK, "off");
  assert.equal(env.EXTRA, "1");
  assert.equal("HOME" in env, false);
});

Deno.test("With a real Twilio or Stripe account the functions have the closed defaults of a deployment", () => {
  const permissive = functionsEnvironment(CONTEXT);
  const names = ["CREATE_SETTLE_SECONDS", "FORWARD_TO_PRIVATE", "MASTER_FALLBACK"].concat(
    ["MAX_SUBACCOUNTS_PER_DAY", "RATE_LIMIT_FACTOR", "SELF_PROVISIONING"],
  );
  for (const real of ["twilio", "stripe"] as const) {
    const env = functionsEnvironment({ ...CONTEXT, [real]: { ...CONTEXT[real], simulated: false } });
    for (const name of names) assert.deepEqual([name in permissive, name in env], [true, false], name);
    const own = permissive.ALLOWED_ORIGINS!.split(",").filter((origin) => origin !== "*");
    assert.deepEqual([own.length, env.ALLOWED_ORIGINS], [2, own.join(",")]);
  }
  const chosen = functionsEnvironment({
    ...CONTEXT,
    twilio: { ...CONTEXT.twilio, simulated: false },
    env: (name) => name === "SELF_PROVISIONING" ? "anyone" : undefined,
  });
  assert.equal(chosen.SELF_PROVISIONING, "anyone");
});

Deno.test("The simulators answer for a host that was set, as functions in a container call them, and for no other", async () => {
  const options = { ...optionsWith({}), callers: allowedCallers(["host.docker.internal"]) };
  const services = [await startTwilio(options), await startStripe({ ...options, ...ADDRESSES })];
  const statusOf = (url: string, host: string) =>
    new Promise<number>((resolve, reject) => {
      http.get(url, { headers: { host, connection: "close" } }, (answer) => {
        answer.resume();
        answer.on("end", () => resolve(answer.statusCode ?? 0));
      }).on("error", reject);
    });
  for (const { apiBaseUrl, stop } of services) {
    const hosts = ["host.docker.internal:54334", "host.example:54334"];
    const statuses = await Promise.all(hosts.map((host) => statusOf(`${apiBaseUrl}/`, host)));
    assert.deepEqual(statuses, [200, 421]);
    await stop();
  }
});
