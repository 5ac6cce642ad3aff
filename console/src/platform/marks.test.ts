import assert from "node:assert/strict";
import * as fc from "fast-check";
import { matchesSearch, partsOf } from "./marks.ts";

const matches = (text: string, search: string) =>
  partsOf(text, search).filter(({ isMatch }) => isMatch).map(({ text }) => text);

Deno.test("partsOf marks the beginnings of words, regardless of case and accents, and nothing inside a word", () => {
  assert.deepEqual(matches("Zoë's table: many tables", "TAB zoe"), ["Zoë", "tab", "tab"]);
  assert.deepEqual(matches("many an animal", "an"), ["an", "an"]);
  assert.deepEqual(matches("Ångström", "ang"), ["Ång"]);
  assert.deepEqual(matches("Zoe\u0308x", "x"), []);
});

Deno.test("partsOf marks the digits of a number as it is written, and none across words", () => {
  assert.deepEqual(matches("+1 415 555 0142", "4155550142"), ["415", "555", "0142"]);
  assert.deepEqual(matches("table 4, 15 people", "415"), []);
});

Deno.test("partsOf loses nothing of a text, and marks nothing for a search without letters and digits", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" }), (text, search) => {
    assert.equal(partsOf(text, search).map(({ text }) => text).join(""), text);
    assert.deepEqual(matches(text, search.normalize("NFKD").replace(/[\p{L}\p{N}]/gu, "")), []);
  }));
});

Deno.test("partsOf marks a word that is searched for by any beginning of it", () => {
  const word = fc.stringMatching(/^[a-zäöüé]{1,12}$/);
  fc.assert(fc.property(word, fc.nat(), (word, length) => {
    const beginning = word.slice(0, 1 + length % word.length);
    assert.equal(matches(`x ${word} x1`, beginning)[0]?.startsWith(beginning) ?? false, true);
  }));
});

Deno.test("matchesSearch wants every word of a search, each as the beginning of a word", () => {
  assert.equal(matchesSearch("Buy a number", "num bu"), true);
  assert.equal(matchesSearch("Buy a number", "umber"), false);
  assert.equal(matchesSearch("Buy a number", "buy menu"), false);
  assert.equal(matchesSearch("Buy a number", " "), true);
});
