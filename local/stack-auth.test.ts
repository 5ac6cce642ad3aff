import assert from "node:assert/strict";
import { SignJWT, UnsecuredJWT } from "jose";
import { clientOf, freshSession, get, projectStack, signInAs, test } from "../tests/support/project-stack.ts";

const shared = projectStack({ scheduler: false });

test("A user signs up without an email confirmation and gets an ES256 token that the served keys verify", async () => {
  const { supabase, email, id } = await freshSession(shared.stack);
  const { data, error } = await supabase.auth.getClaims();
  assert.equal(error, null);
  assert.equal(data?.header.alg, "ES256");
  assert.ok(data?.header.kid);
  assert.equal(data?.claims.sub, id);
  assert.equal(data?.claims.email, email);
  assert.equal(data?.claims.role, "authenticated");
  assert.equal(data?.claims.iss, `${shared.stack.state.apiUrl}/auth/v1`);
});

test("The JWKS endpoint serves no private key", async () => {
  const { keys } = await (await get(shared.stack, "/auth/v1/.well-known/jwks.json", {})).json();
  assert.equal(keys.length, 1);
  assert.equal(keys[0].alg, "ES256");
  assert.equal("d" in keys[0], false);
});

test("A refreshed session of an operator has a token with the operator role", async () => {
  const { supabase, session } = await signInAs(shared.stack, "operator");
  const { data, error } = await supabase.auth.refreshSession({ refresh_token: session.refresh_token });
  assert.equal(error, null);
  const claims = await supabase.auth.getClaims(data.session?.access_token);
  assert.equal(claims.error, null);
  assert.equal(claims.data?.header.alg, "ES256");
  assert.equal((claims.data?.claims.app_metadata as { role?: string } | undefined)?.role, "operator");
});

test("A tenant does not get the operator role by writing it to their user metadata", async () => {
  const { supabase } = await freshSession(shared.stack);
  await supabase.auth.updateUser({ data: { role: "operator" } });
  await supabase.auth.refreshSession();
  const { data } = await supabase.auth.getClaims();
  assert.equal((data?.claims.app_metadata as { role?: string } | undefined)?.role, undefined);
});

test("The Auth API rejects a token after its session signed out", async () => {
  const { supabase, session } = await freshSession(shared.stack);
  await supabase.auth.signOut();
  const { error } = await clientOf(shared.stack).auth.getUser(session.access_token);
  assert.ok(error);
});

test("Database policies see the claims of the user's token", async () => {
  const { supabase, user } = await signInAs(shared.stack, "operator");
  const { data, error } = await supabase.rpc("claims");
  assert.equal(error, null);
  assert.equal(data.sub, user.id);
  assert.equal(data.app_metadata.role, "operator");
  assert.equal(data.aal, "aal1");
});

test("The APIs answer 401 to a request with no API key or a wrong one", async () => {
  assert.equal((await get(shared.stack, "/rest/v1/notes", {})).status, 401);
  assert.equal((await get(shared.stack, "/rest/v1/notes", { apikey: "sb_publishable_wrong" })).status, 401);
  assert.equal((await get(shared.stack, "/auth/v1/user", {})).status, 401);
});

test("The secret key bypasses row level security, and the publishable key alone gets 42501", async () => {
  const secret = await get(shared.stack, "/rest/v1/notes?select=secret,body&body=eq.seeded", {
    apikey: shared.stack.state.secretKey,
  });
  assert.deepEqual(await secret.json(), [{ secret: null, body: "seeded" }]);
  const publishable = await get(shared.stack, "/rest/v1/notes?select=id", {
    apikey: shared.stack.state.publishableKey,
  });
  assert.equal(publishable.status, 401);
  assert.equal((await publishable.json()).code, "42501");
});

test("The Data API accepts the same key in apikey and as a bearer token", async () => {
  const { secretKey } = shared.stack.state;
  const headers = { apikey: secretKey, authorization: `Bearer ${secretKey}` };
  assert.equal((await get(shared.stack, "/rest/v1/notes?select=secret", headers)).status, 200);
});

test("Every API answers 401 to a token that the stack did not sign", async () => {
  const { id, session } = await freshSession(shared.stack);
  const claims = { sub: id, role: "service_role", aud: "authenticated" };
  const issuer = `${shared.stack.state.apiUrl}/auth/v1`;
  const secret = new TextEncoder().encode("guessed-guessed-guessed-guessed-guessed");
  const foreign = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
  const [, body = ""] = session.access_token.split(".");
  const tampered = session.access_token.replace(body, btoa(JSON.stringify(claims)).replaceAll("=", ""));
  const tokens = {
    "signed by another key": await new SignJWT(claims).setProtectedHeader({ alg: "ES256" }).setIssuer(issuer)
      .setExpirationTime("1h").sign(foreign.privateKey),
    "HS256 from outside": await new SignJWT(claims).setProtectedHeader({ alg: "HS256" }).setIssuer(issuer)
      .setExpirationTime("1h").sign(secret),
    "unsigned": new UnsecuredJWT(claims).setIssuer(issuer).setExpirationTime("1h").encode(),
    "tampered": tampered,
    "no token at all": "nonsense",
  };
  for (const [kind, token] of Object.entries(tokens)) {
    const headers = { apikey: shared.stack.state.publishableKey, authorization: `Bearer ${token}` };
    for (const path of ["/rest/v1/notes?select=id", "/auth/v1/user", "/functions/v1/guarded", "/functions/v1/whoami"]) {
      assert.equal((await get(shared.stack, path, headers)).status, 401, `${kind} at ${path}`);
    }
  }
});

test("The Auth, Data and function APIs allow requests from another origin", async () => {
  const { apiUrl, publishableKey } = shared.stack.state;
  const origin = { origin: "http://127.0.0.1:5173" };
  for (const path of ["/auth/v1/token?grant_type=password", "/rest/v1/notes", "/functions/v1/whoami"]) {
    const requested = {
      "access-control-request-method": "POST",
      "access-control-request-headers": "apikey,authorization",
    };
    const preflight = await fetch(`${apiUrl}${path}`, { method: "OPTIONS", headers: { ...origin, ...requested } });
    assert.equal(preflight.ok, true, path);
    assert.equal(preflight.headers.get("access-control-allow-origin"), "*", path);
    assert.match(preflight.headers.get("access-control-allow-headers") ?? "", /apikey/i, path);
    assert.match(preflight.headers.get("access-control-allow-headers") ?? "", /authorization/i, path);
    const answer = await get(shared.stack, path, { ...origin, apikey: publishableKey });
    assert.equal(answer.headers.get("access-control-allow-origin"), "*", path);
    await answer.body?.cancel();
  }
});
