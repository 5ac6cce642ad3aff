import assert from "node:assert/strict";
import * as fc from "fast-check";
import { excerptOf } from "./excerpt.ts";

Deno.test("excerptOf starts at a word shortly before a match that is far into the text", () => {
  const text = `${"We look forward to your visit. ".repeat(4)}Your table is ready.`;
  assert.equal(excerptOf(text, "table"), "…to your visit. Your table is ready.");
});

Deno.test("excerptOf keeps a text whose match is near its start, and one without a match", () => {
  assert.equal(excerptOf("Your table is ready", "table"), "Your table is ready");
  assert.equal(excerptOf("x ".repeat(100), "table"), "x ".repeat(100));
});

Deno.test("excerptOf always ends as the text does, and contains what is searched for", () => {
  const words = fc.array(fc.stringMatching(/^[a-z]{1,9}$/), { maxLength: 60 });
  fc.assert(fc.property(words, words, (before, after) => {
    const excerpt = excerptOf([...before, "table4", ...after].join(" "), "table4");
    assert.ok(excerpt.endsWith(["table4", ...after].join(" ")));
    assert.ok(excerpt.length <= 50 + ["table4", ...after].join(" ").length);
  }));
});
