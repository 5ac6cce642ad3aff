import assert from "node:assert/strict";
import { compose, type MessageInput, messageSchema } from "./compose.ts";
import { ApiError } from "../platform/errors.ts";

const refused = (code: string) => (error: unknown) => error instanceof ApiError && error.code === code;

Deno.test("a recipient in international form becomes E.164", async () => {
  assert.equal((await compose({ to: "+1 (415) 555-0100", body: "hi" })).to, "+14155550100");
});

Deno.test("a recipient that is no international number is invalid_recipient", async () => {
  for (
    const to of [
      "4155550100",
      "+1415",
      "+",
      "alice",
      "+14155550100,+14155550101",
      "+999999999999999999",
      "+4915123456789.0",
    ]
  ) {
    await assert.rejects(compose({ to, body: "hi" }), refused("invalid_recipient"));
  }
});

Deno.test("segments and encoding are those that carriers bill", async () => {
  const measure = async (body: string) => {
    const { segments, encoding } = await compose({ to: "+14155550100", body });
    return [segments, encoding];
  };
  assert.deepEqual(await measure("a".repeat(160)), [1, "GSM-7"]);
  assert.deepEqual(await measure("a".repeat(161)), [2, "GSM-7"]);
  assert.deepEqual(await measure("ß€".repeat(10)), [1, "GSM-7"]);
  assert.deepEqual(await measure("✓".repeat(70)), [1, "UCS-2"]);
  assert.deepEqual(await measure("✓".repeat(71)), [2, "UCS-2"]);
});

Deno.test("a body of 1600 characters is accepted, one of 1601 is too long", async () => {
  await compose({ to: "+14155550100", body: "a".repeat(1600) });
  await assert.rejects(compose({ to: "+14155550100", body: "a".repeat(1601) }), refused("body_too_long"));
});

Deno.test("requests that differ have different hashes, and equal requests have the same", async () => {
  const hash = async (body: string, from?: string) =>
    (await compose({ to: "+14155550100", body, ...(from && { from }) })).requestHash;
  assert.equal(await hash("hi"), await hash("hi"));
  assert.notEqual(await hash("hi"), await hash("ho"));
  assert.notEqual(await hash("hi"), await hash("hi", "+14155550111"));
});

Deno.test("a national number goes to the default country, and is the same request as the international one", async () => {
  const national = await compose({ to: "0151 23456789", defaultCountry: "DE", body: "hi" });
  const international = await compose({ to: "+49 (151) 234-56789", body: "hi" });
  assert.deepEqual([national.to, national.country], ["+4915123456789", "DE"]);
  assert.equal(national.requestHash, international.requestHash);
  await assert.rejects(compose({ to: "0151 23456789", body: "hi" }), refused("invalid_recipient"));
});

Deno.test("a sender is taken in any notation, and is the same request in each", async () => {
  const hashes = new Set<string>();
  const senders: Partial<MessageInput>[] = [
    { from: "+14155550111" },
    { from: "+1 (415) 555-0111" },
    { from: "\u202a+1\u2011415\u2011555\u20110111\u202c" },
    { from: "(415) 555-0111", defaultCountry: "US" },
  ];
  for (const sender of senders) {
    const { from, requestHash } = await compose({ to: "+14155550100", body: "hi", ...sender });
    assert.equal(from, "+14155550111");
    hashes.add(requestHash);
  }
  assert.equal(hashes.size, 1);
  assert.equal((await compose({ to: "+14155550100", body: "hi", from: "ACME" })).from, "ACME");
});

Deno.test("a body of blanks or invisible characters alone is no message, with or without media", () => {
  for (const body of [" ", "\n\u00a0", "\u200b", "\u3164\u2800", "\ufeff"]) {
    for (const mediaUrls of [undefined, ["https://a.test/a.png"]]) {
      assert.equal(
        messageSchema.safeParse({ to: "+14155550100", body, mediaUrls }).success,
        false,
        JSON.stringify(body),
      );
    }
  }
  assert.deepEqual(messageSchema.parse({ to: "1", body: " Hi {{name}} " }).body, " Hi {{name}} ");
});
