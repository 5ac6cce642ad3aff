import assert from "node:assert/strict";
import { allowedCallers, LOOPBACK_ONLY, refusalOf } from "./callers.ts";

const statusOf = (host: string | null, origin: string | null = null, allowed = LOOPBACK_ONLY) =>
  refusalOf(host, origin, allowed)?.status ?? "answered";

Deno.test("A request to a loopback name, with any port and in any spelling of URLs, is answered", () => {
  for (
    const host of [
      "localhost",
      "LOCALHOST:54321",
      "localhost.",
      "app.localhost:1",
      "a.b.localhost",
      "127.0.0.1:54321",
      "127.255.3.4",
      "127.1",
      "[::1]",
      "[::1]:54321",
      "[0:0:0:0:0:0:0:1]",
    ]
  ) {
    assert.equal(statusOf(host), "answered", host);
  }
});

Deno.test("A request to any other name, or to none, is refused with 421 and the option to set", () => {
  for (
    const host of [
      null,
      "",
      "evil.example",
      "evil.example:54321",
      "localhost.evil.example",
      "127.0.0.1.evil.example",
      "evillocalhost",
      "127.0.0.1@evil.example",
      "evil.example@127.0.0.1",
      "127.0.0.1/evil.example",
      "127.0.0.1, evil.example",
      "127.0.0.1:999999",
      "128.0.0.1",
      "0.0.0.0",
      "192.168.0.1",
      "[::]",
      "[::2]",
      "[::ffff:127.0.0.1]",
      "host.docker.internal",
    ]
  ) {
    assert.equal(statusOf(host), 421, String(host));
  }
  assert.match(refusalOf("evil.example", null, LOOPBACK_ONLY)?.body.message ?? "", /"evil\.example".*--host NAME/);
});

Deno.test("A request from a page of a loopback origin is answered, from any other origin it is refused with 403", () => {
  for (const origin of ["http://localhost:5173", "https://127.0.0.1", "http://app.localhost", "http://[::1]:3000"]) {
    assert.equal(statusOf("127.0.0.1", origin), "answered", origin);
  }
  for (
    const origin of [
      "null",
      "",
      "http://evil.example",
      "https://evil.example:54321",
      "http://127.0.0.1.evil.example",
      "http://127.0.0.1@evil.example",
      "file://",
      "chrome-extension://127.0.0.1",
    ]
  ) {
    assert.equal(statusOf("127.0.0.1", origin), 403, origin);
  }
  assert.match(refusalOf("127.0.0.1", "http://evil.example", LOOPBACK_ONLY)?.body.message ?? "", /ALLOWED_ORIGINS/);
});

Deno.test("A host that was set is accepted as a host and as an origin, and a listed origin only as it is written", () => {
  const allowed = allowedCallers(
    ["Host.Docker.Internal", "10.0.0.7"],
    "https://app.example.com, https://b.example.com",
  );
  assert.equal(statusOf("host.docker.internal:54334", "http://host.docker.internal:54334", allowed), "answered");
  assert.equal(statusOf("10.0.0.7:1", null, allowed), "answered");
  assert.equal(statusOf("a.host.docker.internal", null, allowed), 421);
  assert.equal(statusOf("127.0.0.1", "https://b.example.com", allowed), "answered");
  for (const origin of ["http://app.example.com", "https://app.example.com:8443", "https://app.example.com.evil"]) {
    assert.equal(statusOf("127.0.0.1", origin, allowed), 403, origin);
  }
  assert.equal(statusOf("app.example.com", "https://app.example.com", allowed), 421, "an origin is no host");
});

Deno.test("With ALLOWED_ORIGINS=* every origin is accepted, but no further host", () => {
  const allowed = allowedCallers([], "*");
  assert.equal(statusOf("127.0.0.1", "https://evil.example", allowed), "answered");
  assert.equal(statusOf("evil.example", "http://evil.example", allowed), 421);
});

Deno.test("A text that is no host name cannot be set as a host", () => {
  for (const host of ["", "http://a.example", "a/b", "a b"]) {
    assert.throws(() => allowedCallers([host]), /not a host name or an IP address/, host);
  }
});
