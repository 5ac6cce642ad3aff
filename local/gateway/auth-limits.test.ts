import assert from "node:assert/strict";
import { authLimits } from "./auth-limits.ts";

const ask = (path: string, init?: RequestInit) => new Request(`http://127.0.0.1:1${path}`, { method: "POST", ...init });
const SIGN_IN = "/auth/v1/token?grant_type=password";

Deno.test("Auth answers 429 to the 31st sign-in or sign-up of an address within five minutes, and refills the rate", async () => {
  let now = 0;
  const limits = authLimits(() => now);
  for (let made = 0; made < 30; made++) {
    assert.equal(limits(ask(made % 2 === 0 ? SIGN_IN : "/auth/v1/signup"), "192.0.2.1"), null);
  }
  const refused = limits(ask(SIGN_IN), "192.0.2.1");
  assert.equal(refused?.status, 429);
  assert.deepEqual(await refused?.json(), {
    code: 429,
    error_code: "over_request_rate_limit",
    msg: "Request rate limit reached",
  });
  const headers = { "x-supabase-api-version": "2024-01-01" };
  assert.deepEqual(await limits(ask(SIGN_IN, { headers }), "192.0.2.1")?.json(), {
    code: "over_request_rate_limit",
    message: "Request rate limit reached",
  });
  assert.equal(limits(ask(SIGN_IN), "192.0.2.2"), null);
  now += 9_999;
  assert.equal(limits(ask(SIGN_IN), "192.0.2.1")?.status, 429);
  now += 1;
  assert.equal(limits(ask(SIGN_IN), "192.0.2.1"), null);
  assert.equal(limits(ask(SIGN_IN), "192.0.2.1")?.status, 429);
});

Deno.test("refreshed sessions, verified links and other requests have limits of their own, or none", () => {
  const limits = authLimits(() => 0);
  const accepted = (path: string) => {
    let count = 0;
    while (count < 400 && limits(ask(path), "192.0.2.1") === null) count++;
    return count;
  };
  assert.deepEqual(
    ["/auth/v1/token?grant_type=refresh_token", "/auth/v1/verify", "/auth/v1/user", SIGN_IN].map(accepted),
    [150, 30, 400, 30],
  );
});
