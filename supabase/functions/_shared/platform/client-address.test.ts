import assert from "node:assert/strict";
import { addressOf } from "./client-address.ts";

const addressIn = (headers: Record<string, string>, header = "cf-connecting-ip") =>
  addressOf(new Request("http://localhost/", { headers }), { CLIENT_ADDRESS_HEADER: header });

Deno.test("the address is the one in the proxy's header, and no other header counts", () => {
  assert.equal(addressIn({ "cf-connecting-ip": "192.0.2.1", "x-forwarded-for": "198.51.100.1" }), "192.0.2.1");
  assert.equal(addressIn({ "x-real-ip": " 192.0.2.1 " }, "x-real-ip"), "192.0.2.1");
  assert.equal(addressIn({ "x-forwarded-for": "198.51.100.1", "forwarded": "for=198.51.100.1" }), null);
});

Deno.test("an IPv6 address counts as its network of 64 bits, in every spelling", () => {
  const spellings = ["2001:db8:0:1::5", "2001:DB8:0:1:ffff:ffff:ffff:ffff", "2001:0db8:0000:0001:0:0:0:1"];
  for (const address of spellings) assert.equal(addressIn({ "cf-connecting-ip": address }), "2001:db8:0:1::/64");
  assert.equal(addressIn({ "cf-connecting-ip": "::1" }), "0:0:0:0::/64");
});

Deno.test("an IPv4 address that a proxy writes as IPv6 counts as itself, not with all others", () => {
  for (const address of ["::ffff:192.0.2.1", "::FFFF:c000:201", "0:0:0:0:0:ffff:c000:0201"]) {
    assert.equal(addressIn({ "cf-connecting-ip": address }), "192.0.2.1", address);
  }
});

Deno.test("what is no address is none", () => {
  for (
    const text of ["", "unknown", "192.0.2.1, 198.51.100.1", "1::2::3", "[::1]:80", "1".repeat(200), ":".repeat(60)]
  ) {
    assert.equal(addressIn({ "cf-connecting-ip": text }), null, text);
  }
});
