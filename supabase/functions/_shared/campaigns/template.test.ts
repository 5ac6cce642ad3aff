import assert from "node:assert/strict";
import fc from "fast-check";
import { brokenPlaceholder, holdsPlaceholder } from "./template.ts";

Deno.test("a text with anything but whole placeholders and single braces names what is broken", () => {
  const broken: [template: string, named: string][] = [
    ["Hi {{{name}}}", "Hi {{{name}}}"],
    ["Hi {{name", "Hi {{name"],
    ["Hi name}}", "Hi name}}"],
    ["Hi {{}}", "{{}}"],
    ["Hi {{ \n}}", "{{ \n}}"],
    ["{{a}}}", "{{a}}}"],
    ["{{{a}}", "{{{a}}"],
    ["}{{a}}", "}{{a}}"],
    ["{{a}}{", "{{a}}{"],
    ["{{a{b}}", "{{a{b}}"],
    ["{{a}b}}", "{{a}b}}"],
    ["{{a}} }} {{b}}", "{{a}} }} {{b}}"],
    [`{{${"x".repeat(129)}}}`, `{{${"x".repeat(28)}`],
    ["{ {{a}} }}", " {{a}} }}"],
    ["Hi {\u200b{name}\u200b}", "{{name}}"],
    ["Hi {{\u2060}}", "{{\u2060}}"],
    ["Hi \uff5b\uff5bname\uff5d\uff5d", "{{name}}"],
    ["Hi {{a}}\u200b}", "{{a}}}"],
    ["Hi {{a}}, {\ufeff{b}\u00ad}", "{{b}}"],
  ];
  for (const [template, named] of broken) {
    assert.ok(
      brokenPlaceholder(template)?.includes(named.trim().slice(-5)),
      `${template}: ${brokenPlaceholder(template)}`,
    );
  }
  const sound = [
    "Hi",
    "",
    "{",
    "}",
    "{a}",
    "} {",
    "{ {",
    "a { b } c",
    "{{a}}",
    "{{a}}{{b}}",
    "{ {{a}} }",
    "{{ First Name }}",
    "{{na\u200bme}} \uff5b \uff5d",
    "{a} {{b}}",
  ];
  for (const template of sound) assert.equal(brokenPlaceholder(template), null, template);
});

Deno.test("once every placeholder of an accepted text is replaced, no double brace is left", () => {
  const piece = fc.constantFrom("{", "}", "{{", "}}", "a", " ", "{{a}}", "{{ b c }}", "$&", "\u{1f600}");
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join("")), (template) => {
      const rendered = template.replaceAll(/\{\{[^{}]+\}\}/g, "§");
      const isSound = !/\{\{|\}\}|[{}]§|§[{}]/.test(rendered) && !/\{\{\s*\}\}/.test(template);
      assert.equal(brokenPlaceholder(template) === null, isSound, template);
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("a placeholder in a media URL is found, also a percent-encoded one", () => {
  for (
    const url of [
      "https://a.test/{{x}}.png",
      "https://a.test/%7B%7bx}}",
      "https://a.test/?q={{",
      "https://a.test/x%7D%7D",
      "https://a.test/{\u200b{x}\u200b}",
    ]
  ) {
    assert.ok(holdsPlaceholder(url), url);
  }
  for (const url of ["https://a.test/x.png", "https://a.test/{x}", "https://a.test/%7Bx%7D"]) {
    assert.ok(!holdsPlaceholder(url), url);
  }
});
