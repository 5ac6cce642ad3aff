import assert from "node:assert/strict";
import fc from "fast-check";
import { isStorable, storable, storableJson } from "./text.ts";

Deno.test("text with a NUL or half of a surrogate pair cannot be stored, an emoji can", () => {
  for (const text of ["a\0b", "\ud83d", "x\ude00"]) assert.equal(isStorable(text), false, JSON.stringify(text));
  for (const text of ["", "café", "😀", "\ufffd"]) assert.equal(isStorable(text), true, JSON.stringify(text));
});

Deno.test("a text made storable can be stored, and a storable text is unchanged", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    assert.ok(isStorable(storable(text)));
    if (isStorable(text)) assert.equal(storable(text), text);
  }));
});

Deno.test("a JSON value made storable keeps its shape, and every string and name in it is storable", () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => assert.deepEqual(storableJson(value), value)));
  const value = JSON.parse('{"a\\u0000":["\\ud83d",{"__proto__":"\\u0000"}],"b":null}');
  assert.equal(JSON.stringify(storableJson(value)), '{"a\ufffd":["\ufffd",{"__proto__":"\ufffd"}],"b":null}');
});
