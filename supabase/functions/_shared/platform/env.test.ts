import assert from "node:assert/strict";
import { parseEnv } from "./env.ts";

const complete: Record<string, string> = {
  SUPABASE_URL: "http://127.0.0.1:54321",
  TWILIO_ACCOUNT_SID: "AC" + "0".repeat(32),
  TWILIO_AUTH_TOKEN: "1".repeat(32),
  TOKEN_SEALING_KEYS: JSON.stringify({ k1: btoa("k".repeat(32)) }),
  STRIPE_SECRET_KEY: "sk_test_123",
  STRIPE_WEBHOOK_SECRET: "whsec_123",
  PUBLIC_BASE_URL: "https://example.com/functions/v1/",
};
const reading = (variables: Record<string, string>) => (name: string) => variables[name];

Deno.test("a complete environment is read, with defaults that grant the least", () => {
  const env = parseEnv(reading(complete));
  assert.equal(env.TWILIO_API_BASE_URL, "https://api.twilio.com");
  assert.equal(env.PUBLIC_BASE_URL, "https://example.com/functions/v1");
  assert.equal(env.SELF_PROVISIONING, "subscribers");
  assert.equal(env.MASTER_FALLBACK, "off");
  assert.equal(env.MAX_SUBACCOUNTS, 1000);
  assert.deepEqual(env.ALLOWED_ORIGINS, []);
});

Deno.test("one error names every missing and every malformed variable and quotes no value", () => {
  const { STRIPE_SECRET_KEY: _, PUBLIC_BASE_URL: __, ...rest } = complete;
  const broken = {
    ...rest,
    TWILIO_ACCOUNT_SID: "SKsecretsecret",
    TOKEN_SEALING_KEYS: "hunter2",
    MASTER_FALLBACK: "maybe",
  };
  assert.throws(() => parseEnv(reading(broken)), ({ message }: Error) => {
    for (
      const name of [
        "TWILIO_ACCOUNT_SID",
        "TOKEN_SEALING_KEYS",
        "MASTER_FALLBACK",
        "STRIPE_SECRET_KEY is missing",
        "PUBLIC_BASE_URL is missing",
      ]
    ) {
      assert.ok(message.includes(name), `${name} not in: ${message}`);
    }
    return !message.includes("hunter2") && !message.includes("SKsecret");
  });
});

Deno.test("an empty variable counts as missing", () => {
  assert.throws(
    () => parseEnv(reading({ ...complete, STRIPE_WEBHOOK_SECRET: "" })),
    /STRIPE_WEBHOOK_SECRET is missing/,
  );
});

Deno.test("a URL for alerts needs the secret that signs them", () => {
  const url = { ...complete, OPERATOR_ALERT_URL: "https://alerts.example.com" };
  assert.throws(() => parseEnv(reading(url)), /OPERATOR_ALERT_SECRET is missing/);
  assert.throws(
    () => parseEnv(reading({ ...url, OPERATOR_ALERT_SECRET: "whsec_short" })),
    /OPERATOR_ALERT_SECRET must be/,
  );
  const env = parseEnv(reading({ ...url, OPERATOR_ALERT_SECRET: `whsec_${btoa("x".repeat(32))}` }));
  assert.equal(env.OPERATOR_ALERT_URL, "https://alerts.example.com");
  const exact = {
    ...complete,
    OPERATOR_ALERT_URL: "https://alerts.example.com/in/",
    OPERATOR_ALERT_SECRET: env.OPERATOR_ALERT_SECRET!,
  };
  assert.equal(parseEnv(reading(exact)).OPERATOR_ALERT_URL, "https://alerts.example.com/in/");
});
