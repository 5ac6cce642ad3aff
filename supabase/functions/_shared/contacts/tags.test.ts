import assert from "node:assert/strict";
import fc from "fast-check";
import { MAX_TAG_LENGTH, MAX_TAGS } from "./limits.ts";
import { problemOfTags, tagsOf } from "./tags.ts";

/** Texts that are often equal but for case, blanks and the composition of their characters. */
const texts = fc.array(fc.oneof(
  fc.string({ unit: fc.constantFrom("a", "A", "é", "e\u0301", " ", "\t", "\u200b", "\u00a0"), maxLength: 4 }),
  fc.string({ unit: "grapheme" }),
));

Deno.test("tags have single blanks between words, and each is kept once regardless of case", () => {
  assert.deepEqual(tagsOf(["VIP", " vip ", "", "\u200b", "New\t lead", "NEW LEAD", "cafe\u0301", "café"]), [
    "VIP",
    "New lead",
    "café",
  ]);
});

Deno.test("tags of any texts are trimmed, visible, distinct, in their order, and the same when they are read again", () => {
  fc.assert(fc.property(texts, (given) => {
    const tags = tagsOf(given);
    assert.deepEqual(tagsOf(tags), tags);
    assert.equal(new Set(tags.map((tag) => tag.toLowerCase())).size, tags.length);
    for (const tag of tags) {
      assert.equal(tag, tag.trim());
      assert.ok(/[^\s\u200b]/u.test(tag), JSON.stringify(tag));
    }
    const normal = given.map((text) => text.normalize("NFC").replace(/\s+/gu, " ").trim());
    const places = tags.map((tag) => normal.indexOf(tag));
    assert.deepEqual(places, places.toSorted((left, right) => left - right));
    assert.ok(!places.includes(-1));
  }));
});

Deno.test("too many tags, or a tag that is too long, is a problem, and the limits themselves are none", () => {
  const many = (count: number) => Array.from({ length: count }, (_, n) => `t${n}`);
  assert.equal(problemOfTags([...many(MAX_TAGS - 1), "x".repeat(MAX_TAG_LENGTH)]), null);
  assert.equal(problemOfTags(many(MAX_TAGS + 1)), "must be at most 20 tags");
  assert.equal(problemOfTags(["x".repeat(MAX_TAG_LENGTH + 1)]), "must be tags of at most 40 characters");
});
