import assert from "node:assert/strict";
import fc from "fast-check";
import MessagingResponse from "twilio/lib/twiml/MessagingResponse.js";
import { isStorable, notInXml, storable, storableJson, xmlText } from "./text.ts";

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

Deno.test("the characters that XML cannot carry are named, each once", () => {
  assert.deepEqual(notInXml("a\u000bb\u000b\ufffe\ud83dc\0"), ["U+000B", "U+FFFE", "U+D83D", "U+0000"]);
  assert.deepEqual(notInXml("Grüße\t\r\n😀\u0085\ufffd"), []);
});

Deno.test("Twilio's TwiML takes a text exactly when no character is named, and always after xmlText", () => {
  const renders = (text: string) => {
    try {
      new MessagingResponse().message(text).toString();
      return true;
    } catch {
      return false;
    }
  };
  fc.assert(fc.property(fc.string({ unit: "binary" }), fc.nat(0xffff), (text, code) => {
    const whole = text + String.fromCharCode(code);
    assert.equal(renders(whole), notInXml(whole).length === 0, JSON.stringify(whole));
    assert.ok(renders(xmlText(whole)));
    assert.deepEqual(notInXml(xmlText(whole)), []);
  }));
});
