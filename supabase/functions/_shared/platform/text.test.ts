import assert from "node:assert/strict";
import fc from "fast-check";
import MessagingResponse from "twilio/lib/twiml/MessagingResponse.js";
import { isBlank, isStorable, notInXml, storable, storableJson, xmlText } from "./text.ts";

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

Deno.test("a text of blanks, control, format and filler characters alone is blank, and one visible character makes it not blank", () => {
  const invisible = [
    ..." \t\n\r\u0007\u0085\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u180e\u2000\u200a\u200b\u200d\u200e\u2028\u202f",
    ..."\u2060\u2063\u2066\u2800\u3000\u3164\ufe0f\ufeff\uffa0\u{1d159}\u{e0001}\u{e0020}",
  ];
  for (const character of invisible) assert.ok(isBlank(character), character.codePointAt(0)!.toString(16));
  const blank = fc.array(fc.constantFrom(...invisible), { maxLength: 20 }).map((characters) => characters.join(""));
  fc.assert(fc.property(blank, fc.constantFrom(..."a.ä1語가", "\u{1f600}", "\u0301"), (text, visible) => {
    assert.ok(isBlank(text));
    assert.ok(!isBlank(text + visible) && !isBlank(visible + text));
  }));
});
