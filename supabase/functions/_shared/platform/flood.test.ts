import assert from "node:assert/strict";
import { ApiError } from "./errors.ts";
import { refuseFlood, signatureOf } from "./flood.ts";

/** A hundredth of the limits: 6 requests a minute of a user, and one webhook without a signature of an address. */
const env = { RATE_LIMIT_FACTOR: 0.01, CLIENT_ADDRESS_HEADER: "cf-connecting-ip" };

const codeOf = (work: () => unknown) => {
  try {
    work();
    return "accepted";
  } catch (error) {
    assert.ok(error instanceof ApiError);
    return error.code;
  }
};

Deno.test("a user's flood is refused with the time to wait, and a neighbour is not", () => {
  const codes = Array.from({ length: 7 }, () => codeOf(() => refuseFlood("ada", env)));
  assert.deepEqual(codes, [...Array(6).fill("accepted"), "rate_limited"]);
  assert.equal(codeOf(() => refuseFlood("neighbour", env)), "accepted");
  assert.throws(() => refuseFlood("ada", env), (error: ApiError) => Number(error.headers["retry-after"]) > 50);
});

Deno.test("webhooks without a signature are refused, then limited by address, and signed ones never are", () => {
  const webhook = (signature: string | null, address: string) => {
    const headers = { "cf-connecting-ip": address, ...(signature !== null && { "x-signature": signature }) };
    const request = new Request("http://localhost/", { method: "POST", headers, body: "body" });
    const refusal = () => new ApiError("forbidden", "Cannot accept the webhook");
    const code = codeOf(() => signatureOf(request, { name: "x-signature", form: /^[a-z]{4}$/ }, env, refusal));
    assert.equal(request.bodyUsed, false);
    return code;
  };
  assert.equal(webhook(null, "192.0.2.1"), "forbidden");
  assert.equal(webhook("too long", "192.0.2.1"), "rate_limited");
  assert.equal(webhook(null, "192.0.2.2"), "forbidden");
  assert.deepEqual(Array.from({ length: 20 }, () => webhook("abcd", "192.0.2.1")), Array(20).fill("accepted"));
});
