import assert from "node:assert/strict";
import fc from "fast-check";
import { measure, plainBody } from "./segments.ts";

Deno.test("plainBody offers plain quotes for a text that they make shorter, and names what it replaces", () => {
  const text = `“Hello” ${"x".repeat(80)}`;
  assert.equal(measure(text).segments, 2);
  assert.deepEqual(plainBody(text), { body: `"Hello" ${"x".repeat(80)}`, replaced: ["“", "”"], segments: 1 });
});

Deno.test("plainBody offers nothing that would not be shorter: short texts, plain texts, and texts that need UCS-2 anyway", () => {
  for (const text of ["“Hi”", "x".repeat(300), `“Привет” ${"д".repeat(100)}`, ""]) assert.equal(plainBody(text), null);
});

Deno.test("plainBody changes no character that is not replaced, and never the number of lines", () => {
  const character = fc.constantFrom("“", "’", "—", "…", "\u00a0", "a", "é", "д", "🎉", "\n", "€");
  fc.assert(fc.property(fc.array(character, { maxLength: 200 }).map((all) => all.join("")), (text) => {
    const plain = plainBody(text);
    if (plain === null) return;
    assert.ok(measure(plain.body).segments < measure(text).segments);
    assert.equal(plain.body.split("\n").length, text.split("\n").length);
    const kept = (body: string) => [...body].filter((each) => "aéд🎉€".includes(each)).join("");
    assert.equal(kept(plain.body), kept(text));
  }));
});
