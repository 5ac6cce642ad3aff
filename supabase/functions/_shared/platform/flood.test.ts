import assert from "node:assert/strict";
import { ApiError } from "./errors.ts";
import { floodCounter, signatureOf } from "./flood.ts";

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
  const count = floodCounter();
  const refuseFlood = (userId: string) => count(new Request("http://localhost/"), userId, env);
  const codes = Array.from({ length: 7 }, () => codeOf(() => refuseFlood("ada")));
  assert.deepEqual(codes, [...Array(6).fill("accepted"), "rate_limited"]);
  assert.equal(codeOf(() => refuseFlood("neighbour")), "accepted");
  assert.throws(() => refuseFlood("ada"), (error: ApiError) => Number(error.headers["retry-after"]) > 50);
});

Deno.test("large bodies, and bodies of unknown size, have a lower limit, which small ones do not meet", () => {
  const count = floodCounter(200);
  const request = (headers: Record<string, string>, body: string | null = "body") => () =>
    count(new Request("http://localhost/", { method: "POST", headers, body }), "ada", env);
  const large = { "content-length": "65536" };
  const codes = [request(large), request({}), request(large), request({}), request({ "content-length": "many" })];
  assert.deepEqual(codes.map(codeOf), ["accepted", "accepted", "rate_limited", "rate_limited", "rate_limited"]);
  assert.equal(codeOf(request({ "content-length": "65535" })), "accepted");
});

Deno.test("each endpoint has counters of its own", () => {
  const request = new Request("http://localhost/");
  const [one, another] = [floodCounter(), floodCounter()];
  for (let times = 0; times < 7; times++) codeOf(() => one(request, "ada", env));
  assert.equal(codeOf(() => another(request, "ada", env)), "accepted");
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
