import assert from "node:assert/strict";
import fc from "fast-check";
import { parseKeyRing } from "../sealing/key-ring.ts";
import { checkLink, mediaLink, RESPONSE_LINK_SECONDS, type SignedMedia, WEBHOOK_LINK_SECONDS } from "./link.ts";

const key = (letter: string) => btoa(letter.repeat(32));
const ring = parseKeyRing(JSON.stringify({ k1: key("a") }));
const rotated = parseKeyRing(JSON.stringify({ k2: key("b"), k1: key("a") }));
const publicBaseUrl = "https://ref.supabase.co/functions/v1";
const START = Date.parse("2026-11-26T12:00:00Z");
const at = (seconds: number) => () => new Date(START + seconds * 1000);

const ids = fc.record({ messageId: fc.uuid(), index: fc.integer({ min: 0, max: 99 }) });

async function linkOf(id: { messageId: string; index: number }, seconds = RESPONSE_LINK_SECONDS): Promise<SignedMedia> {
  const url = new URL(await mediaLink(id, seconds, { ring, publicBaseUrl, now: at(0) }));
  assert.equal(url.origin + url.pathname, `${publicBaseUrl}/message-media`);
  const { message, index, expires, signature } = Object.fromEntries(url.searchParams);
  return { messageId: message!, index: Number(index), expires: Number(expires), signature: signature! };
}

Deno.test("a link is valid for 15 minutes or 24 hours, to the second, and expired from then on", async () => {
  assert.deepEqual([RESPONSE_LINK_SECONDS, WEBHOOK_LINK_SECONDS], [900, 86_400]);
  await fc.assert(fc.asyncProperty(ids, fc.constantFrom(900, 86_400), async (id, seconds) => {
    const link = await linkOf(id, seconds);
    assert.equal(await checkLink(link, { ring, now: at(0) }), "valid");
    assert.equal(await checkLink(link, { ring, now: at(seconds - 1) }), "valid");
    assert.equal(await checkLink(link, { ring, now: at(seconds) }), "expired");
  }));
});

Deno.test("a link with any other message, index, expiry or signature is forged, also after its expiry", async () => {
  const change: fc.Arbitrary<(link: SignedMedia) => SignedMedia> = fc.oneof(
    fc.uuid().map((messageId) => (link: SignedMedia) => ({ ...link, messageId })),
    fc.integer({ min: 1, max: 99 }).map((by) => (link: SignedMedia) => ({ ...link, index: (link.index + by) % 100 })),
    fc.integer({ min: 1, max: 1e9 }).map((by) => (link: SignedMedia) => ({ ...link, expires: link.expires + by })),
    fc.integer({ min: 3, max: 45 }).map((place) => (link: SignedMedia) => {
      const { signature } = link;
      const other = signature[place] === "A" ? "B" : "A";
      return { ...link, signature: signature.slice(0, place) + other + signature.slice(place + 1) };
    }),
    fc.constantFrom("", "k1.", "k2.", "v1", "k1").map((signature) => (link: SignedMedia) => ({ ...link, signature })),
    fc.string().map((signature) => (link: SignedMedia) => ({ ...link, signature })),
  );
  await fc.assert(fc.asyncProperty(ids, change, fc.constantFrom(0, 2e9), async (id, changed, later) => {
    assert.equal(await checkLink(changed(await linkOf(id)), { ring, now: at(later) }), "forged");
  }));
});

Deno.test("a link stays valid while its key is in the ring, and is forged once the key is gone", async () => {
  const link = await linkOf({ messageId: crypto.randomUUID(), index: 0 });
  assert.equal(await checkLink(link, { ring: rotated, now: at(0) }), "valid");
  const removed = parseKeyRing(JSON.stringify({ k2: key("b") }));
  assert.equal(await checkLink(link, { ring: removed, now: at(0) }), "forged");
  const reused = parseKeyRing(JSON.stringify({ k1: key("c") }));
  assert.equal(await checkLink(link, { ring: reused, now: at(0) }), "forged");
});

Deno.test("the key of links is not the sealing key", async () => {
  const { messageId, index, expires, signature } = await linkOf({ messageId: crypto.randomUUID(), index: 0 });
  const sealing = await crypto.subtle.importKey("raw", ring.keys.get("k1")!, { name: "HMAC", hash: "SHA-256" }, false, [
    "sign",
  ]);
  const text = new TextEncoder().encode(["v1", messageId, index, expires].join("\n"));
  const mac = btoa(String.fromCharCode(...new Uint8Array(await crypto.subtle.sign("HMAC", sealing, text))));
  assert.notEqual(signature, `k1.${mac.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}`);
});
