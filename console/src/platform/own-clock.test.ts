import assert from "node:assert/strict";
import { createClient } from "@supabase/supabase-js";
import fc from "fast-check";
import { boundedFetch } from "./bounded-fetch.ts";
import { byOwnClock } from "./own-clock.ts";

const HOUR = 3_600;

Deno.test("a session lasts as long by a browser's clock as by the server's, however far they are apart", async () => {
  const clock = fc.integer({ min: -48 * HOUR, max: 48 * HOUR });
  await fc.assert(fc.asyncProperty(clock, fc.integer({ min: 60, max: 24 * HOUR }), async (ahead, lifetime) => {
    const server = 1_795_000_000;
    const told = { access_token: "token", expires_in: lifetime, expires_at: server + lifetime };
    const answer = await byOwnClock(Response.json(told, { status: 200 }), () => (server + ahead) * 1000);
    assert.deepEqual(await answer.json(), { ...told, expires_at: server + ahead + lifetime });
  }));
});

Deno.test("what Auth answers without a session stays as it is", async () => {
  const answers = [
    () => Response.json({ id: "user" }),
    () => Response.json({ error_code: "over_request_rate_limit", expires_in: 1, expires_at: 1 }, { status: 429 }),
    () => new Response(null, { status: 204 }),
    () => new Response("<html>", { headers: { "content-type": "text/html" } }),
    () => new Response("{", { headers: { "content-type": "application/json" } }),
  ];
  for (const answer of answers) {
    const { status, headers } = answer();
    const passed = await byOwnClock(answer());
    assert.equal(passed.status, status);
    assert.equal(passed.headers.get("content-type"), headers.get("content-type"));
    assert.equal(await passed.text(), await answer().text());
  }
});

Deno.test("a browser whose clock is an hour ahead does not renew a new session with each request", async () => {
  let renewals = 0;
  const end = new AbortController();
  const server = Deno.serve({ port: 0, signal: end.signal, onListen() {} }, ({ url }) => {
    if (url.includes("refresh_token")) renewals++;
    // An hour from now by the server, whose clock is an hour behind this one.
    const expires_at = Math.round(Date.now() / 1000);
    const user = { id: "user" };
    return Response.json({
      access_token: "a.b.c",
      refresh_token: "r",
      token_type: "bearer",
      expires_in: HOUR,
      expires_at,
      user,
    });
  });
  const { auth } = createClient(`http://127.0.0.1:${server.addr.port}`, "sb_publishable_x", {
    global: { fetch: boundedFetch },
    auth: { persistSession: false, autoRefreshToken: false },
  });
  await auth.signInWithPassword({ email: "ada@example.test", password: "correct horse battery" });
  for (let request = 0; request < 3; request++) assert.notEqual((await auth.getSession()).data.session, null);
  assert.equal(renewals, 0);
  end.abort();
});
