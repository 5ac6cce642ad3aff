import assert from "node:assert/strict";
import fc from "fast-check";
import { type KeyRing, parseKeyRing } from "./key-ring.ts";
import { open, seal, tokenBinding } from "./seal.ts";

const key = (fill: number) => btoa(String.fromCharCode(...new Uint8Array(32).fill(fill)));
const ring = parseKeyRing(JSON.stringify({ k2: key(2), k1: key(1) }));
const tenant = tokenBinding("5b0f2f5e-1111-4111-8111-111111111111", "AC" + "1".repeat(32));

Deno.test("any sealed text opens for the row it belongs to", async () => {
  await fc.assert(fc.asyncProperty(fc.string({ unit: "binary" }), fc.string(), async (secret, binding) => {
    assert.equal(await open(ring, await seal(ring, secret, binding), binding), secret.toWellFormed());
  }));
});

Deno.test("a sealed token does not contain the token, and is different each time", async () => {
  const token = "f00dfeed".repeat(4);
  const [first, second] = [await seal(ring, token, tenant), await seal(ring, token, tenant)];
  assert.match(first, /^v1\.k2\.[A-Za-z0-9_-]{16}\.[A-Za-z0-9_-]+$/);
  assert.ok(!first.includes(token) && !first.includes(btoa(token).slice(0, 20)));
  assert.notEqual(first, second);
});

Deno.test("a sealed token in another tenant's row does not open", async () => {
  const neighbour = tokenBinding("5b0f2f5e-2222-4222-8222-222222222222", "AC" + "1".repeat(32));
  const sealed = await seal(ring, "secret", tenant);
  await assert.rejects(open(ring, sealed, neighbour), /sealed for another row, or altered/);
});

Deno.test("a sealed token with any changed character does not open", async () => {
  const sealed = await seal(ring, "secret", tenant);
  for (let index = "v1.k2.".length; index < sealed.length; index++) {
    // The last character of each part carries bits that base64 drops: changing only those has no effect.
    if (sealed[index] === "." || index === sealed.length - 1) continue;
    const changed = sealed.slice(0, index) + (sealed[index] === "A" ? "Q" : "A") + sealed.slice(index + 1);
    await assert.rejects(open(ring, changed, tenant));
  }
});

Deno.test("an earlier key of the ring still opens, and the error names a key that left the ring", async () => {
  const old: KeyRing = parseKeyRing(JSON.stringify({ k1: key(1) }));
  const sealed = await seal(old, "secret", tenant);
  assert.equal(await open(ring, sealed, tenant), "secret");
  const without = parseKeyRing(JSON.stringify({ k2: key(2) }));
  await assert.rejects(open(without, sealed, tenant), /key "k1" is not in TOKEN_SEALING_KEYS/);
});
