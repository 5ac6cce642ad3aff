import assert from "node:assert/strict";
import { startStripeSimulator } from "../local/simulators/stripe/mod.ts";
import { checkEvents } from "../local/verify/check-stripe-events.ts";
import { createStripe } from "../supabase/functions/_shared/stripe/client.ts";
import { SignJWT } from "jose";
import { parse } from "smol-toml";
import { type Stack, startStack } from "../local/stack.ts";
import { checkAuth } from "../local/verify/check-auth.ts";
import { findTarget, NoTargetError } from "../local/verify/target.ts";
import { verify } from "../local/verify/verify.ts";
import { tokenFor } from "./support/tokens.ts";

const CONFIG = new URL("../supabase/config.toml", import.meta.url);

let stack: Stack;
let stateFile: string;

Deno.test.beforeAll(async () => {
  stateFile = await Deno.makeTempFile({ suffix: ".json" });
  stack = await startStack({ ephemeral: true, scheduler: 250, stateFile });
});
Deno.test.afterAll(() => stack.stop());

const unset = () => undefined;

async function report(target: Awaited<ReturnType<typeof findTarget>>) {
  const lines: string[] = [];
  const count = await verify(target, (line) => lines.push(line));
  return { count, text: lines.join("\n") };
}

async function eventuallyInOrder() {
  for (let attempt = 0; attempt < 40; attempt++) {
    const { count } = await report(await findTarget(unset, stateFile));
    if (count.warn === 0) return;
  }
}

Deno.test("a fresh local stack passes every check of verify", async () => {
  await eventuallyInOrder(); // the shared numbers arrive with the first job
  const { count, text } = await report(await findTarget(unset, stateFile));
  assert.deepEqual({ warn: count.warn, fail: count.fail }, { warn: 0, fail: 0 }, text);
  assert.ok(count.ok > 25);
});

Deno.test("verify shows the size of each function's bundle", async () => {
  const { text } = await report(await findTarget(unset, stateFile));
  const sizes = [...text.matchAll(/ok\s+bundle ([a-z-]+): ([0-9,]+) bytes/g)];
  const { functions } = parse(await Deno.readTextFile(CONFIG)) as { functions: Record<string, unknown> };
  assert.deepEqual(sizes.map(([, name]) => name), Object.keys(functions).sort());
});

Deno.test("the same installation is verified as a hosted project when its variables are set", async () => {
  const { apiUrl, publishableKey, secretKey, twilio, stripe } = stack.state;
  const variables: Record<string, string> = {
    SUPABASE_URL: apiUrl,
    SUPABASE_PUBLISHABLE_KEY: publishableKey,
    SUPABASE_SECRET_KEY: secretKey,
    TWILIO_ACCOUNT_SID: twilio.accountSid,
    TWILIO_AUTH_TOKEN: "f".repeat(32),
    TWILIO_API_BASE_URL: twilio.url,
    STRIPE_SECRET_KEY: stripe.secretKey ?? "",
    STRIPE_API_BASE_URL: stripe.url,
  };
  const { text } = await report(await findTarget((name) => variables[name], stateFile));
  assert.match(text, /Verifying the hosted installation/);
  assert.match(text, /ok\s+billing portal: tenants can cancel/);
  assert.match(text, /ok\s+webhook endpoint: \S+ sends all \d+ types we need/);
  assert.match(text, /ok\s+thin event destination: \S+ sends all 2 types we need/);
  assert.match(text, /ok\s+STRIPE_THIN_WEBHOOK_SECRET: is set/);
  assert.match(text, /warn\s+grace period: cannot be read from Stripe\n\s+→ .*72 hours/);
  assert.match(text, /warn\s+user token: was not checked\n\s+→ Set VERIFY_ACCESS_TOKEN/);
  assert.match(
    text,
    /warn\s+scheduler key: run-jobs accepts SUPABASE_SECRET_KEY, which the functions use as well\n\s+→ Make/,
  );
  assert.match(text, /fail\s+master account: Twilio refuses the credentials \(20003\)\n\s+→ Check TWILIO_ACCOUNT_SID/);
  assert.ok(!text.includes("f".repeat(32)) && !text.includes(secretKey), "a secret is shown");
});

Deno.test("verify names what is missing at Stripe: the events, the thin destination with its types, and its secret", async () => {
  const simulator = await startStripeSimulator();
  let code = "stripe_misconfigured";
  const functions = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () => Response.json({ code }));
  const url = `http://127.0.0.1:${functions.addr.port}/stripe-webhook`;
  const stripe = createStripe({ secretKey: simulator.secretKey, apiBaseUrl: simulator.url });
  const found = async () =>
    Object.fromEntries(
      (await checkEvents(stripe, url)).map(({ subject, verdict, finding }) => [subject, [verdict, finding]]),
    );
  try {
    const nothing = await found();
    assert.deepEqual(nothing["webhook endpoint"], ["fail", `none is registered for ${url}`]);
    assert.deepEqual(nothing["thin event destination"], ["fail", `none is registered for ${url}/thin`]);
    assert.deepEqual(nothing["STRIPE_THIN_WEBHOOK_SECRET"], ["fail", "is not set"]);
    const endpoint = await stripe.webhookEndpoints.create({ url, enabled_events: ["invoice.paid"] });
    const { id } = await stripe.v2.core.eventDestinations.create({
      name: "thin",
      type: "webhook_endpoint",
      event_payload: "thin",
      enabled_events: ["v1.billing.meter.no_meter_found"],
      webhook_endpoint: { url: `${url}/thin` },
    });
    const half = await found();
    assert.match(String(half["webhook endpoint"]), new RegExp(`fail,${endpoint.id} does not send .*invoice.finalized`));
    assert.match(
      String(half["thin event destination"]),
      /fail,\S+ does not send v1.billing.meter.error_report_triggered$/,
    );
    await stripe.webhookEndpoints.update(endpoint.id, { enabled_events: ["*"] });
    await stripe.v2.core.eventDestinations.update(id, {
      enabled_events: ["v1.billing.meter.no_meter_found", "v1.billing.meter.error_report_triggered"],
    });
    code = "invalid_signature";
    assert.deepEqual(Object.values(await found()).map(([verdict]) => verdict), ["ok", "ok", "ok", "warn"]);
  } finally {
    await functions.shutdown();
    await simulator.stop();
  }
});

Deno.test("verify checks a real user token, and names AUTH_ISSUERS for one of another issuer", async () => {
  const reportWith = async (token: string | undefined) =>
    (await report(await findTarget((name) => (name === "VERIFY_ACCESS_TOKEN" ? token : undefined), stateFile))).text;
  assert.ok(
    (await reportWith(undefined)).includes(`user token: the functions accept tokens of ${stack.state.apiUrl}/auth/v1`),
  );
  const sub = crypto.randomUUID();
  const foreign = await tokenFor(stack.state, { sub, iss: "https://other.supabase.co/auth/v1" });
  const text = await reportWith(foreign);
  assert.match(
    text,
    /fail\s+user token: the functions answer 401 to a token of "https:\/\/other\.supabase\.co\/auth\/v1"/,
  );
  assert.match(text, /→ Set AUTH_ISSUERS to include https:\/\/other\.supabase\.co\/auth\/v1/);
  assert.match(
    await reportWith(await tokenFor(stack.state, { sub }, "-1h")),
    /fail\s+user token: .*\n\s+→ It has expired/,
  );
  assert.ok(!text.includes(foreign), "a token is shown");
});

Deno.test("verify names the step for a token of the old HS256 secret and for a legacy API key", async () => {
  const reportWith = async (claims: Record<string, unknown>) => {
    const token = await new SignJWT(claims).setProtectedHeader({ alg: "HS256", typ: "JWT" }).setExpirationTime("1h")
      .sign(new Uint8Array(32));
    return (await report(await findTarget((name) => (name === "VERIFY_ACCESS_TOKEN" ? token : undefined), stateFile)))
      .text;
  };
  const user = { sub: crypto.randomUUID(), role: "authenticated", iss: `${stack.state.apiUrl}/auth/v1` };
  assert.match(
    await reportWith(user),
    /fail\s+user token: .* 401 .*\n\s+→ It is signed with the project's old HS256 secret\. Move the project to asymmetric/,
  );
  assert.match(
    await reportWith({ role: "anon", iss: "supabase" }),
    /fail\s+user token: .*\n\s+→ It is a legacy API key: set VERIFY_ACCESS_TOKEN/,
  );
});

Deno.test("verify fails on a project that publishes no asymmetric signing key", async () => {
  const target = await findTarget(unset, stateFile);
  const keysOf = async (keys: unknown[]) => {
    await using project = Deno.serve({ port: 0, onListen: () => {} }, () => Response.json({ keys }));
    const apiUrl = `http://127.0.0.1:${project.addr.port}`;
    return (await checkAuth({ ...target, apiUrl })).find(({ subject }) => subject === "signing keys");
  };
  assert.deepEqual((await keysOf([]))?.verdict, "fail");
  assert.match((await keysOf([]))?.next ?? "", /JWT Keys: migrate the secret, then rotate/);
  assert.equal((await keysOf([{ alg: "ES256", kid: "a" }]))?.verdict, "ok");
});

Deno.test("verify fails on a table with row level security off, and names the next step", async () => {
  await stack.sql`alter table public.sms_messages disable row level security`;
  try {
    const { count, text } = await report(await findTarget(unset, stateFile));
    assert.equal(count.fail, 1, text);
    assert.match(text, /fail\s+table sms_messages: has row level security switched off\n\s+→ /);
  } finally {
    await stack.sql`alter table public.sms_messages enable row level security`;
  }
});

Deno.test("verify fails on a token column that a browser may read", async () => {
  await stack.sql`grant select (twilio_subaccount_auth_token_encrypted) on public.user_preferences to authenticated`;
  try {
    const { text } = await report(await findTarget(unset, stateFile));
    assert.match(text, /fail\s+sealed tokens: anon or authenticated may read the token column/);
  } finally {
    await stack
      .sql`revoke select (twilio_subaccount_auth_token_encrypted) on public.user_preferences from authenticated`;
  }
});

Deno.test("verify fails without the meters, the metered prices and the metered items that bill usage, and names the next step", async () => {
  const { url, secretKey } = stack.state.stripe;
  const stripe = createStripe({ secretKey: secretKey!, apiBaseUrl: url });
  const { data: meters } = await stripe.billing.meters.list({ limit: 100 });
  const fee = meters.find(({ event_name }) => event_name === "switchboard_fee")!;
  const { data: [price] } = await stripe.prices.list({ lookup_keys: ["switchboard_number_usd"] });
  const metering = async () => {
    const { text } = await report(await findTarget(unset, stateFile));
    return text.slice(text.indexOf("Billing of usage"));
  };
  assert.match(await metering(), /ok\s+meters: 6, .*\n.*ok\s+metered prices: 6, .*\n.*ok\s+metered items: every/);
  await stripe.billing.meters.deactivate(fee.id);
  await stripe.prices.update(price!.id, { active: false });
  await stack
    .sql`insert into private.own_subscriptions (subscription_id, since, user_id, plan_key, plan_rank, is_running,
    created_at, metered_due_at) values ('sub_unmetered', now(), gen_random_uuid(), 'team', 3, true, now(), 'infinity')`;
  try {
    const text = await metering();
    assert.match(text, /fail\s+meters: meter \S+ of switchboard_fee \(not active\)\n\s+→ Run `deno task stripe:setup`/);
    assert.match(text, /fail\s+metered prices: price \S+, switchboard_number_usd \(not active\)\n/);
    assert.match(text, /fail\s+metered items: 1 subscriptions .* cannot bill usage: sub_unmetered\n/);
  } finally {
    await stack.sql`delete from private.own_subscriptions where subscription_id = 'sub_unmetered'`;
    await stripe.billing.meters.reactivate(fee.id);
    await stripe.prices.update(price!.id, { active: true });
  }
});

Deno.test("verify fails while usage of a plan's currency has no exchange rate, and names the currencies, the plan and the next step", async () => {
  const rates = async () => (await report(await findTarget(unset, stateFile))).text;
  assert.match(await rates(), /ok\s+exchange rates: usage of every plan can be billed/);
  await stack.sql`update public.plans set currency = 'eur' where key = 'scale'`;
  try {
    assert.match(
      await rates(),
      /fail\s+exchange rates: missing, so usage is not billed: USD to eur \(scale\)\n\s+→ Set each with `POST admin\/set-exchange-rate`/,
    );
    await stack.sql`insert into private.exchange_rates (unit, currency, valid_from, rate, reason, set_by)
      values ('USD', 'eur', '2026-01-01', 0.9, 'verify', gen_random_uuid())`;
    assert.match(await rates(), /ok\s+exchange rates/);
  } finally {
    await stack.sql`update public.plans set currency = 'usd' where key = 'scale'`;
    await stack.sql`delete from private.exchange_rates where reason = 'verify'`;
  }
});

Deno.test("verify fails before a deployment on keys that lack one a token needs, and shows none of them", async () => {
  const user = crypto.randomUUID();
  const ring = (id: string) => JSON.stringify({ [id]: btoa("x".repeat(32)) });
  await stack.sql`insert into auth.users (id, email) values (${user}, ${`${user}@switchboard.test`})`;
  await stack.sql`
    insert into public.user_preferences (user_id, twilio_subaccount_sid, twilio_subaccount_status, twilio_subaccount_auth_token_encrypted)
    values (${user}, 'AC-verify', 'closed', 'v1.k1.iv.sealed')`;
  const reportWith = async (keys: string) =>
    await report(await findTarget((name) => (name === "TOKEN_SEALING_KEYS" ? keys : undefined), stateFile));
  try {
    assert.match((await reportWith(ring("k1"))).text, /ok\s+TOKEN_SEALING_KEYS: "k1" seals, and no key is missing/);
    const lacking = await reportWith(ring("k2"));
    assert.equal(lacking.count.fail, 1, lacking.text);
    assert.match(lacking.text, /fail\s+TOKEN_SEALING_KEYS: lacks "k1" \(needed for 1\)\n\s+→ Keep these keys/);
    const malformed = await reportWith('{"k1":"short"}');
    assert.match(malformed.text, /fail\s+TOKEN_SEALING_KEYS: holds under "k1" no base64 of exactly 32 bytes/);
    assert.ok(!lacking.text.includes(btoa("x".repeat(32))) && !malformed.text.includes("short"), "a key is shown");
    assert.match(lacking.text, /ok\s+sealing keys: "k1" seals all 1 tokens/);
  } finally {
    await stack.sql`delete from auth.users where id = ${user}`;
  }
});

Deno.test("without a stack and without variables verify says what to start or set", async () => {
  await assert.rejects(findTarget(unset, "/nowhere/stack.json"), NoTargetError);
  await assert.rejects(
    findTarget((name) => (name === "SUPABASE_URL" ? "https://x.supabase.co" : undefined), ""),
    /SUPABASE_SECRET_KEY.* not set/,
  );
});
