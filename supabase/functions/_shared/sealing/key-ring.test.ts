import assert from "node:assert/strict";
import { keyRingOf, parseKeyRing } from "./key-ring.ts";

const key = (fill: number) => btoa(String.fromCharCode(...new Uint8Array(32).fill(fill)));

Deno.test("a malformed key ring is rejected with a reason that quotes no key", () => {
  const cases: [string, RegExp][] = [
    ["not json", /is not JSON/],
    ["[]", /is not a JSON object/],
    ["{}", /holds no key/],
    [JSON.stringify({ k1: key(1).slice(0, -4) }), /no base64 of exactly 32 bytes/],
    [JSON.stringify({ k1: key(1) + "\n" }), /no base64 of exactly 32 bytes/],
    [JSON.stringify({ k1: btoa("x".repeat(31)) }), /no base64 of exactly 32 bytes/],
    [JSON.stringify({ "bad id": key(1) }), /key id/],
    [`{"k1":"${key(1)}","k1":"${key(2)}"}`, /names the key id "k1" twice/],
  ];
  for (const [text, reason] of cases) {
    assert.throws(
      () => parseKeyRing(text),
      (error: Error) => reason.test(error.message) && !error.message.includes(key(1)),
    );
  }
});

Deno.test("the key ring of the environment is parsed once per text", () => {
  const env = { TOKEN_SEALING_KEYS: JSON.stringify({ k2: key(2), k1: key(1) }) };
  assert.equal(keyRingOf(env), keyRingOf({ ...env }));
  assert.deepEqual([keyRingOf(env).current, [...keyRingOf(env).keys.keys()]], ["k2", ["k2", "k1"]]);
  assert.equal(keyRingOf({ TOKEN_SEALING_KEYS: JSON.stringify({ k3: key(3) }) }).current, "k3");
});

Deno.test("a malformed key ring of the environment is reported under its variable", () => {
  const env = { TOKEN_SEALING_KEYS: JSON.stringify({ k1: "short" }) };
  assert.throws(() => keyRingOf(env), /^Error: Cannot start: TOKEN_SEALING_KEYS holds under "k1" no base64/);
});
