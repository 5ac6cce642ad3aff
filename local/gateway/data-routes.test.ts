import assert from "node:assert/strict";
import { decodeJwt, decodeProtectedHeader, exportJWK, generateKeyPair, jwtVerify, SignJWT } from "jose";
import type { DataApi } from "../database/data-api.ts";
import { answerData } from "./data-routes.ts";
import { createUserTokens, type UserTokens } from "./user-tokens.ts";

const JWT_SECRET = "the secret of the internal tokens";
const INTERNAL_KEY = new TextEncoder().encode(JWT_SECRET);
const ORIGIN = "http://127.0.0.1:54321";

async function makeTokens(): Promise<UserTokens> {
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  const signingKey = { ...await exportJWK(privateKey), kid: "the-key" };
  return await createUserTokens({ signingKey, jwtSecret: JWT_SECRET, issuer: `${ORIGIN}/auth/v1` });
}

function internalToken(expires = "1h"): Promise<string> {
  const claims = { sub: "someone", role: "authenticated", session_id: "a session" };
  return new SignJWT(claims).setProtectedHeader({ alg: "HS256" }).setIssuedAt().setExpirationTime(expires).sign(
    INTERNAL_KEY,
  );
}

/** A Data API that records requests and answers each with `answer`. */
function fakeApi(answer: () => Response | Promise<Response>) {
  const requests: Request[] = [];
  const fetch = async (request: Request) => {
    requests.push(request);
    return await answer();
  };
  const nothing = () => Promise.resolve();
  const api: DataApi = { fetch, makeAuthTables: nothing, reload: nothing, close: nothing };
  return { api, requests };
}

function bearer(path: string, token: string, init: RequestInit = {}): Request {
  return new Request(`${ORIGIN}${path}`, {
    ...init,
    headers: { apikey: "sb_publishable_x", authorization: `Bearer ${token}` },
  });
}

Deno.test("A user token is ES256 with issuer and metadata, and reaches the API as HS256 with the same claims", async () => {
  const tokens = await makeTokens();
  const external = await tokens.toExternal(await internalToken(), { app_metadata: { role: "operator" } });
  assert.deepEqual(decodeProtectedHeader(external), { alg: "ES256", typ: "JWT", kid: "the-key" });
  const { api, requests } = fakeApi(() => Response.json([]));
  await answerData(bearer("/rest/v1/notes", external), api, tokens);
  const internal = requests[0]?.headers.get("authorization")?.replace("Bearer ", "") ?? "";
  const { payload } = await jwtVerify(internal, INTERNAL_KEY, { algorithms: ["HS256"] });
  assert.deepEqual(payload, decodeJwt(external));
  assert.deepEqual(payload.app_metadata, { role: "operator" });
  assert.equal(payload.session_id, "a session");
  assert.equal(payload.iss, `${ORIGIN}/auth/v1`);
});

Deno.test("The gateway answers 401 to an expired or foreign token, without calling the API", async () => {
  const tokens = await makeTokens();
  const { api, requests } = fakeApi(() => Response.json([]));
  const expired = await tokens.toExternal(await internalToken("-1s"), undefined);
  const first = await answerData(bearer("/rest/v1/notes", expired), api, tokens);
  assert.equal(first.status, 401);
  assert.equal((await first.json()).code, "PGRST303");
  const foreign = await (await makeTokens()).toExternal(await internalToken(), undefined);
  const second = await answerData(bearer("/rest/v1/notes", foreign), api, tokens);
  assert.equal(second.status, 401);
  assert.equal((await second.json()).code, "PGRST301");
  assert.deepEqual(requests, []);
});

Deno.test("The gateway answers 401 to an internal token from a client", async () => {
  const tokens = await makeTokens();
  const { api, requests } = fakeApi(() => Response.json([]));
  const answer = await answerData(bearer("/rest/v1/notes", await internalToken()), api, tokens);
  assert.equal(answer.status, 401);
  assert.deepEqual(requests, []);
});

Deno.test("A session from the Auth API gets an external token and keeps status, headers and other fields", async () => {
  const tokens = await makeTokens();
  const session = { access_token: await internalToken(), refresh_token: "r", user: { app_metadata: { a: 1 } } };
  const { api } = fakeApi(() => Response.json(session, { status: 201, headers: { "x-kept": "yes" } }));
  const answer = await answerData(
    new Request(`${ORIGIN}/auth/v1/token?grant_type=password`, { method: "POST" }),
    api,
    tokens,
  );
  assert.equal(answer.status, 201);
  assert.equal(answer.headers.get("x-kept"), "yes");
  const body = await answer.json();
  assert.equal(decodeProtectedHeader(body.access_token).alg, "ES256");
  assert.deepEqual(decodeJwt(body.access_token).app_metadata, { a: 1 });
  assert.deepEqual([body.refresh_token, body.user], ["r", session.user]);
});

Deno.test("A token in the fragment of a redirect is replaced with an external token", async () => {
  const tokens = await makeTokens();
  const location = `http://site.test/welcome#access_token=${await internalToken()}&type=signup`;
  const { api } = fakeApi(() => new Response(null, { status: 303, headers: { location } }));
  const answer = await answerData(new Request(`${ORIGIN}/auth/v1/verify?token=x`), api, tokens);
  assert.equal(answer.status, 303);
  const target = new URL(answer.headers.get("location") ?? "");
  const fields = new URLSearchParams(target.hash.slice(1));
  assert.equal(target.pathname, "/welcome");
  assert.equal(fields.get("type"), "signup");
  assert.equal(decodeProtectedHeader(fields.get("access_token") ?? "").alg, "ES256");
});

Deno.test("An Auth API response without a session passes through unchanged, even an empty one", async () => {
  const tokens = await makeTokens();
  for (
    const given of [() => Response.json({ error: "no" }, { status: 400 }), () => new Response(null, { status: 204 })]
  ) {
    const answer = await answerData(
      new Request(`${ORIGIN}/auth/v1/logout`, { method: "POST" }),
      fakeApi(given).api,
      tokens,
    );
    assert.equal(answer.status, given().status);
    assert.equal(await answer.text(), await given().text());
  }
});

Deno.test("A request with a token reaches the API with its method, URL and body", async () => {
  const tokens = await makeTokens();
  const { api, requests } = fakeApi(() => Response.json([]));
  const token = await tokens.toExternal(await internalToken(), undefined);
  await answerData(bearer("/rest/v1/notes?select=id", token, { method: "PATCH", body: '{"body":"x"}' }), api, tokens);
  const [request] = requests;
  assert.equal(request?.method, "PATCH");
  assert.equal(request?.url, `${ORIGIN}/rest/v1/notes?select=id`);
  assert.equal(await request?.text(), '{"body":"x"}');
});
