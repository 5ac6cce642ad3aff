import assert from "node:assert/strict";
import { parseKeyRing } from "./key-ring.ts";
import { compareKeys } from "./keys-in-use.ts";

const ringOf = (...ids: string[]) =>
  parseKeyRing(JSON.stringify(Object.fromEntries(ids.map((id) => [id, btoa("x".repeat(32))]))));
const count = (keyId: string) => ({ keyId, tokens: 1 });

Deno.test("a key is retirable when no token needs it and it is not current", () => {
  const during = compareKeys(ringOf("k2", "k1"), [count("k1"), count("k2")]);
  assert.deepEqual([during.current, during.missing, during.retirable], ["k2", [], []]);
  const after = compareKeys(ringOf("k2", "k1"), [count("k2")]);
  assert.deepEqual([after.missing, after.retirable], [[], ["k1"]]);
  assert.deepEqual(compareKeys(ringOf("k1"), []).retirable, []);
});

Deno.test("a key that was removed too early is named as missing", () => {
  const { missing, retirable } = compareKeys(ringOf("k2"), [count("k1"), count("k2"), count("k0")]);
  assert.deepEqual([missing, retirable], [["k1", "k0"], []]);
});
