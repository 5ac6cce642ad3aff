import assert from "node:assert/strict";
import { decodeJwt, decodeProtectedHeader, exportJWK, generateKeyPair, jwtVerify, SignJWT } from "jose";
import type { DataApi } from "../database/data-api.ts";
import { answerData } from "./data-routes.ts";
import { createUserTokens, type UserTokens } from "./user-tokens.ts";

const JWT_SECRET = "a secret that only the inside knows";
const INSIDE = new TextEncoder().encode(JWT_SECRET);
const ORIGIN = "http://127.0.0.1:54321";

async function makeTokens(): Promise<UserTokens> {
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  const signingKey = { ...await exportJWK(privateKey), kid: "the-key" };
  return await createUserTokens({ signingKey, jwtSecret: JWT_SECRET, issuer: `${ORIGIN}/auth/v1` });
}

function insideToken(expires = "1h"): Promise<string> {
  const claims = { sub: "someone", role: "authenticated", session_id: "a session" };
  return new SignJWT(claims).setProtectedHeader({ alg: "HS256" }).setIssuedAt().setExpirationTime(expires).sign(INSIDE);
}

/** A Data API that remembers what it was asked and answers what it was told. */
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

Deno.test("A token goes out as ES256 with a kid, the issuer and the user's metadata, and comes in as HS256 with the same claims", async () => {
  const tokens = await makeTokens();
  const outside = await tokens.release(await insideToken(), { app_metadata: { role: "operator" } });
  assert.deepEqual(decodeProtectedHeader(outside), { alg: "ES256", typ: "JWT", kid: "the-key" });
  const { api, requests } = fakeApi(() => Response.json([]));
  await answerData(bearer("/rest/v1/notes", outside), api, tokens);
  const inside = requests[0]?.headers.get("authorization")?.replace("Bearer ", "") ?? "";
  const { payload } = await jwtVerify(inside, INSIDE, { algorithms: ["HS256"] });
  assert.deepEqual(payload, decodeJwt(outside));
  assert.deepEqual(payload.app_metadata, { role: "operator" });
  assert.equal(payload.session_id, "a session");
  assert.equal(payload.iss, `${ORIGIN}/auth/v1`);
});

Deno.test("An expired token is told to be expired, and one of another issuer to be foreign, before anything is asked", async () => {
  const tokens = await makeTokens();
  const { api, requests } = fakeApi(() => Response.json([]));
  const expired = await tokens.release(await insideToken("-1s"), undefined);
  const first = await answerData(bearer("/rest/v1/notes", expired), api, tokens);
  assert.equal(first.status, 401);
  assert.equal((await first.json()).code, "PGRST303");
  const elsewhere = await (await makeTokens()).release(await insideToken(), undefined);
  const second = await answerData(bearer("/rest/v1/notes", elsewhere), api, tokens);
  assert.equal(second.status, 401);
  assert.equal((await second.json()).code, "PGRST301");
  assert.deepEqual(requests, []);
});

Deno.test("The token of the inside is not good outside", async () => {
  const tokens = await makeTokens();
  const { api, requests } = fakeApi(() => Response.json([]));
  const answer = await answerData(bearer("/rest/v1/notes", await insideToken()), api, tokens);
  assert.equal(answer.status, 401);
  assert.deepEqual(requests, []);
});

Deno.test("Every session of the Auth API is released, with its status, its headers and its other fields", async () => {
  const tokens = await makeTokens();
  const session = { access_token: await insideToken(), refresh_token: "r", user: { app_metadata: { a: 1 } } };
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

Deno.test("A token behind the # of a redirect is released too", async () => {
  const tokens = await makeTokens();
  const location = `http://site.test/welcome#access_token=${await insideToken()}&type=signup`;
  const { api } = fakeApi(() => new Response(null, { status: 303, headers: { location } }));
  const answer = await answerData(new Request(`${ORIGIN}/auth/v1/verify?token=x`), api, tokens);
  assert.equal(answer.status, 303);
  const target = new URL(answer.headers.get("location") ?? "");
  const fields = new URLSearchParams(target.hash.slice(1));
  assert.equal(target.pathname, "/welcome");
  assert.equal(fields.get("type"), "signup");
  assert.equal(decodeProtectedHeader(fields.get("access_token") ?? "").alg, "ES256");
});

Deno.test("An answer without a session goes through as it is, also an empty one", async () => {
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

Deno.test("The body and the method of a request with a token reach the API", async () => {
  const tokens = await makeTokens();
  const { api, requests } = fakeApi(() => Response.json([]));
  const token = await tokens.release(await insideToken(), undefined);
  await answerData(bearer("/rest/v1/notes?select=id", token, { method: "PATCH", body: '{"body":"x"}' }), api, tokens);
  const [request] = requests;
  assert.equal(request?.method, "PATCH");
  assert.equal(request?.url, `${ORIGIN}/rest/v1/notes?select=id`);
  assert.equal(await request?.text(), '{"body":"x"}');
});
