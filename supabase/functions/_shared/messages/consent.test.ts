import assert from "node:assert/strict";
import fc from "fast-check";
import { consentOf } from "./consent.ts";

const mixedCase = (word: string) =>
  fc.array(fc.boolean(), { minLength: word.length, maxLength: word.length })
    .map((upper) =>
      [...word].map((letter, index) => (upper[index] ? letter.toUpperCase() : letter.toLowerCase())).join("")
    );
const around = fc.string({ unit: fc.constantFrom(..." .!\n\t\"'-"), maxLength: 4 });

Deno.test("STOP and its synonyms end consent, in any case, spacing and punctuation", () => {
  for (const word of ["stop", "stopall", "unsubscribe", "cancel", "end", "quit", "opt-out", "revoke"]) {
    fc.assert(
      fc.property(
        mixedCase(word),
        around,
        around,
        (keyword, before, after) => consentOf(before + keyword + after, null) === "stop",
      ),
    );
  }
});

Deno.test("START restores consent", () => {
  for (const reply of ["START", "start", " Yes ", "unstop!"]) assert.equal(consentOf(reply, null), "start");
});

Deno.test("a sentence that contains a keyword changes nothing", () => {
  for (const reply of ["please stop by later", "I will start tomorrow", "the end is near", "", "stopp"]) {
    assert.equal(consentOf(reply, null), null);
  }
});

Deno.test("the type from Twilio's advanced opt-out takes precedence", () => {
  assert.equal(consentOf("arrêt", "STOP"), "stop");
  assert.equal(consentOf("hello", "HELP"), "help");
});
