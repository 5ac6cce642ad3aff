import assert from "node:assert/strict";
import { exportJWK, exportSPKI, generateKeyPair, SignJWT } from "jose";
import { type Auth, callerOf, schedulerKeyOf } from "./claims.ts";
import { type Env, parseEnv } from "./env.ts";

const URL_OF_PROJECT = "https://project.supabase.co";
const KEYS = { default: "sb_secret_default", scheduler: "sb_secret_scheduler" };
const { privateKey, publicKey } = await generateKeyPair("ES256");
const PLATFORM: Record<string, string> = {
  SUPABASE_URL: URL_OF_PROJECT,
  SUPABASE_JWKS: JSON.stringify({ keys: [{ ...await exportJWK(publicKey), kid: "k1", alg: "ES256" }] }),
  SUPABASE_SECRET_KEYS: JSON.stringify(KEYS),
};
// @supabase/server reads the platform's variables itself.
Deno.test.beforeAll(() => Object.entries(PLATFORM).forEach(([name, value]) => Deno.env.set(name, value)));
Deno.test.afterAll(() => Object.keys(PLATFORM).forEach((name) => Deno.env.delete(name)));

const USER = {
  sub: crypto.randomUUID(),
  role: "authenticated",
  aud: "authenticated",
  iss: `${URL_OF_PROJECT}/auth/v1`,
  aal: "aal1",
};
const OPERATOR = { ...USER, app_metadata: { role: "operator" } };

function envWith(variables: Record<string, string>): Env {
  const all: Record<string, string> = {
    ...PLATFORM,
    TWILIO_ACCOUNT_SID: "AC" + "0".repeat(32),
    TWILIO_AUTH_TOKEN: "1".repeat(32),
    TOKEN_SEALING_KEYS: JSON.stringify({ k1: btoa("k".repeat(32)) }),
    STRIPE_SECRET_KEY: "sk_test_123",
    STRIPE_WEBHOOK_SECRET: "whsec_123",
    PUBLIC_BASE_URL: `${URL_OF_PROJECT}/functions/v1`,
    ...variables,
  };
  return parseEnv((name) => all[name]);
}

async function requestOf(claims: Record<string, unknown>): Promise<Request> {
  const token = await new SignJWT(claims).setProtectedHeader({ alg: "ES256", kid: "k1" }).setIssuedAt()
    .setExpirationTime("1h").sign(privateKey);
  return new Request("https://example.com", { headers: { authorization: `Bearer ${token}` } });
}

/** "accepted", or the code of the error. */
async function outcomeOf(request: Request, auth: Auth, variables: Record<string, string> = {}): Promise<string> {
  return await callerOf(request, auth, envWith(variables)).then(() => "accepted", ({ code }) => code);
}

Deno.test("a user token is accepted with the role, the audience and the issuer of the project, and refused without one of them", async () => {
  assert.equal(await outcomeOf(await requestOf(USER), "user"), "accepted");
  for (
    const change of [
      { role: undefined },
      { role: "anon" },
      { role: "service_role" },
      { aud: undefined },
      { aud: "another" },
      { iss: undefined },
      { iss: `${URL_OF_PROJECT}/auth/v1/` },
      { iss: "https://another.supabase.co/auth/v1" },
    ]
  ) {
    assert.equal(
      await outcomeOf(await requestOf({ ...USER, ...change }), "user"),
      "unauthorized",
      JSON.stringify(change),
    );
  }
});

Deno.test("the scheme of a token is read in any case and with further blanks, and anything but one token is refused", async () => {
  const token = (await requestOf({ ...USER, sub: USER.sub.toUpperCase() })).headers.get("authorization")!.slice(7);
  const asked = (authorization: string) => new Request("https://example.com", { headers: { authorization } });
  for (const scheme of ["Bearer ", "bearer ", "BEARER ", "bEaReR   ", "Bearer\t", " Bearer "]) {
    const { user, token: read } = await callerOf(asked(`${scheme}${token} `), "user", envWith({}));
    assert.deepEqual([user.id, read], [USER.sub, token], scheme);
  }
  for (
    const text of [
      token,
      `Bearer${token}`,
      `Bearer: ${token}`,
      `Bearer ${token} x`,
      `Bearer ${token}, ${token}`,
      "bearer",
    ]
  ) {
    assert.equal(await outcomeOf(asked(text), "user"), "unauthorized", text.slice(0, 20));
  }
});

/** What a caller with this token is answered. */
async function refusalOf(token: string) {
  const request = new Request("https://example.com", { headers: { authorization: `Bearer ${token}` } });
  const { code, message, details } = await callerOf(request, "user", envWith({})).catch((error) => error);
  return { code, message, details };
}

Deno.test("a token signed with the project's old HS256 secret gets a 401 that says so, also where there are no public keys", async () => {
  const secret = new TextEncoder().encode("the old secret of the project, 32 bytes");
  const signed = (header: { alg: string; kid?: string; typ?: string }) =>
    new SignJWT(USER).setProtectedHeader(header).setIssuedAt().setExpirationTime("1h").sign(secret);
  const expected = {
    code: "unauthorized",
    message:
      "Cannot tell who is calling: the token is signed with the project's old HS256 secret: move the project to " +
      "asymmetric JWT signing keys (Settings → JWT Keys: migrate the secret, then rotate to the new key), and sign in again",
    details: [{ field: "Authorization", code: "legacy_jwt_secret" }],
  };
  for (const header of [{ alg: "HS256" }, { alg: "HS256", kid: "k1" }, { alg: "HS256", typ: "JWT", kid: "other" }]) {
    assert.deepEqual(await refusalOf(await signed(header)), expected);
  }
  const token = await signed({ alg: "HS256" });
  for (const keys of ['{"keys":[]}', null]) {
    if (keys === null) Deno.env.delete("SUPABASE_JWKS");
    else Deno.env.set("SUPABASE_JWKS", keys);
    try {
      assert.deepEqual(await refusalOf(token), expected, `${keys}`);
    } finally {
      Deno.env.set("SUPABASE_JWKS", PLATFORM.SUPABASE_JWKS!);
    }
  }
});

Deno.test("a token is refused that has no signature, or one with the public key as a secret, of an unknown key or of another algorithm", async () => {
  const part = (value: unknown) => btoa(JSON.stringify(value)).replaceAll("=", "");
  const unsigned = ["none", "None", "ES256"].map((alg) => `${part({ alg, kid: "k1" })}.${part(OPERATOR)}.`);
  const jwk = await exportJWK(publicKey);
  const secrets = [await exportSPKI(publicKey), JSON.stringify(jwk), `${jwk.x}${jwk.y}`, PLATFORM.SUPABASE_JWKS!];
  const sign = (header: { alg: string; kid?: string }, key: CryptoKey | Uint8Array) =>
    new SignJWT(OPERATOR).setProtectedHeader(header).setExpirationTime("1h").sign(key);
  const other = await generateKeyPair("ES256");
  const rsa = await generateKeyPair("RS256");
  const forged = [
    ...unsigned,
    ...await Promise.all(
      secrets.flatMap((secret) =>
        [{ alg: "HS256", kid: "k1" }, { alg: "HS256" }].map((header) => sign(header, new TextEncoder().encode(secret)))
      ),
    ),
    await sign({ alg: "ES256", kid: "k1" }, other.privateKey),
    await sign({ alg: "ES256", kid: "k2" }, other.privateKey),
    await sign({ alg: "ES256", kid: "k2" }, privateKey),
    await sign({ alg: "RS256", kid: "k1" }, rsa.privateKey),
  ];
  for (const token of forged) {
    const request = new Request("https://example.com", { headers: { authorization: `Bearer ${token}` } });
    assert.equal(await outcomeOf(request, "operator"), "unauthorized", token.slice(0, 60));
  }
});

Deno.test("an API key in place of a user token gets a 401 that says what to send instead, and never the key", async () => {
  const legacyKey = (role: string) =>
    new SignJWT({ iss: "supabase", ref: "abc", role }).setProtectedHeader({ alg: "HS256", typ: "JWT" })
      .setIssuedAt().setExpirationTime("10y").sign(new Uint8Array(32));
  const keys: [key: string, code: string, named: RegExp][] = [
    ["sb_publishable_abc", "publishable_key", /a publishable key is no user token: send it as apikey, and the access/],
    ["sb_secret_abc", "secret_key", /a secret key acts for no user: keep it on your servers, and send the access/],
    [await legacyKey("anon"), "legacy_api_key", /the legacy anon key is no user token/],
    [await legacyKey("service_role"), "legacy_api_key", /the legacy service_role key is no user token/],
  ];
  for (const [key, code, named] of keys) {
    const refusal = await refusalOf(key);
    assert.deepEqual([refusal.code, refusal.details], ["unauthorized", [{ field: "Authorization", code }]]);
    assert.match(refusal.message, named);
    assert.ok(!refusal.message.includes(key));
  }
  for (const other of ["a.b.c", "eyJ.eyJ.x", "null.null.null", "x".repeat(10_000)]) {
    const { details, message } = await refusalOf(other);
    assert.deepEqual([details, message], [
      undefined,
      "Cannot tell who is calling: send a valid, unexpired user token as Authorization: Bearer",
    ]);
  }
});

Deno.test("AUTH_ISSUERS replaces the issuer that SUPABASE_URL implies", async () => {
  const variables = { AUTH_ISSUERS: "https://auth.example.com/auth/v1, http://127.0.0.1:54321/auth/v1" };
  for (const iss of ["https://auth.example.com/auth/v1", "http://127.0.0.1:54321/auth/v1"]) {
    assert.equal(await outcomeOf(await requestOf({ ...USER, iss }), "user", variables), "accepted");
    assert.equal(await outcomeOf(await requestOf({ ...USER, iss }), "user"), "unauthorized");
  }
  assert.equal(await outcomeOf(await requestOf(USER), "user", variables), "unauthorized");
});

Deno.test("a user is anonymous only by the claim is_anonymous", async () => {
  for (const [claim, expected] of [[true, true], [false, false], [undefined, false], ["true", false]] as const) {
    const { user } = await callerOf(await requestOf({ ...USER, is_anonymous: claim }), "user", envWith({}));
    assert.deepEqual(user, { id: USER.sub, email: undefined, isAnonymous: expected });
  }
});

Deno.test("with OPERATOR_MFA=required an operator needs a token of level aal2, and no other user does", async () => {
  const required = { OPERATOR_MFA: "required" };
  const outcomes = await Promise.all(["aal1", "aal2", "aal3", undefined].map(async (aal) => [
    await outcomeOf(await requestOf({ ...OPERATOR, aal }), "operator"),
    await outcomeOf(await requestOf({ ...OPERATOR, aal }), "operator", required),
    await outcomeOf(await requestOf({ ...USER, aal }), "operator", required),
    await outcomeOf(await requestOf({ ...USER, aal }), "user", required),
  ]));
  assert.deepEqual(outcomes, [
    ["accepted", "mfa_required", "forbidden", "accepted"],
    ["accepted", "accepted", "forbidden", "accepted"],
    ["accepted", "mfa_required", "forbidden", "accepted"],
    ["accepted", "mfa_required", "forbidden", "accepted"],
  ]);
});

Deno.test("the scheduler's own secret key is the only one accepted where the project has it, otherwise the default key is", async () => {
  const withKey = (apikey: string) => new Request("https://example.com", { headers: { apikey } });
  assert.equal(await outcomeOf(withKey(KEYS.scheduler), "secret"), "accepted");
  assert.equal(await outcomeOf(withKey(KEYS.default), "secret"), "unauthorized");
  const unnamed = { SUPABASE_SECRET_KEYS: JSON.stringify({ default: KEYS.default, other: "sb_secret_other" }) };
  Deno.env.set("SUPABASE_SECRET_KEYS", unnamed.SUPABASE_SECRET_KEYS);
  try {
    assert.equal(await outcomeOf(withKey(KEYS.default), "secret", unnamed), "accepted");
    assert.equal(await outcomeOf(withKey("sb_secret_other"), "secret", unnamed), "unauthorized");
  } finally {
    Deno.env.set("SUPABASE_SECRET_KEYS", PLATFORM.SUPABASE_SECRET_KEYS!);
  }
});

Deno.test("run-jobs is woken with the scheduler's key where there is one", () => {
  assert.deepEqual(schedulerKeyOf(envWith({})), { name: "scheduler", key: KEYS.scheduler });
  const one = { SUPABASE_SECRET_KEYS: "", SUPABASE_SECRET_KEY: "sb_secret_one" };
  assert.deepEqual(schedulerKeyOf(envWith(one)), { name: "default", key: "sb_secret_one" });
  assert.deepEqual(schedulerKeyOf(envWith({ SUPABASE_SECRET_KEYS: "malformed" })), { name: "default", key: null });
});
