import assert from "node:assert/strict";
import fc from "fast-check";
import { checkRecipients } from "../../../../supabase/functions/_shared/campaigns/recipients.ts";
import { recipientsOf, requestRows, verdictsOf } from "./recipients.ts";
import { blanksOf, longestOf, partsOf, textOf } from "./render.ts";

const COLUMNS = ["Phone", "First Name", "x"];
const number = fc.integer({ min: 0, max: 9 }).map((digit) => `+1415555010${digit}`);
const badNumber = fc.constantFrom("", "12", "Ada", "+1415555", "4.91512E+12");
const value = fc.constantFrom("", "Ada", "{{x}}", "Ünal 🎉", "$&", "a".repeat(1_700));
const rows = fc.array(fc.tuple(fc.oneof(number, badNumber), value, value), { maxLength: 30 }).map((cells) =>
  cells.map((row, index) => ({ line: index * 2 + 2, cells: [...row] }))
);
const body = fc.constantFrom("Hi", "Hi {{First Name}}", "{{x}}{{First Name}} {{x}}", "{{ first }}");

Deno.test("every line is accepted or rejected exactly once, as the server decides, with its number", () => {
  fc.assert(fc.property(rows, body, fc.constantFrom("leave-out", "send"), (table, text, blanks) => {
    const recipients = recipientsOf(table, COLUMNS, 0, blanks);
    const request = requestRows(recipients, text, COLUMNS);
    const checked = checkRecipients(request, text, "US");
    const { accepted, rejected } = verdictsOf(recipients, checked.rejected);
    const lines = [...accepted, ...rejected].map(({ line }) => line).sort((a, b) => a - b);
    assert.deepEqual(lines, table.map(({ line }) => line));
    assert.deepEqual(accepted.map(({ line }) => line), checked.ready.map(({ position }) => recipients[position]!.line));
    const earlier = /^The same number as in line (\d+)$/;
    for (const { line, to, reason } of rejected) {
      assert.match(reason, /^[A-Z][^{}]*[^.]$/);
      const first = earlier.exec(reason)?.[1];
      if (first === undefined) continue;
      assert.ok(Number(first) < line);
      assert.equal(accepted.find((row) => row.line === Number(first))?.to, to);
    }
  }));
});

Deno.test("a preview is the text that the server makes, and the longest one is found", () => {
  fc.assert(fc.property(rows, body, (table, text) => {
    const recipients = recipientsOf(table, COLUMNS, 0, "send");
    const { ready } = checkRecipients(requestRows(recipients, text, COLUMNS), text, "US");
    for (const { position, variables } of ready) {
      const rendered = textOf(partsOf(text, recipients[position]!, COLUMNS));
      // As private.render_text: each value stands between two parts of the text.
      const expected = text.split(/(\{\{[^{}]+\}\})/).map((part) =>
        part.startsWith("{{") ? variables?.[part.slice(2, -2)] ?? "" : part
      ).join("");
      assert.equal(rendered, expected);
    }
    const longest = longestOf(text, recipients, COLUMNS);
    if (recipients.length === 0) return assert.equal(longest, null);
    assert.equal(textOf(partsOf(text, recipients[longest!.index]!, COLUMNS)).length, longest!.length);
  }));
});

Deno.test("empty cells are left out with their recipient, or sent as nothing", () => {
  const table = [{ line: 2, cells: ["+14155550101", ""] }, { line: 3, cells: ["+14155550102", "Ada"] }];
  const rejectedOf = (blanks: "leave-out" | "send") => {
    const recipients = recipientsOf(table, COLUMNS, 0, blanks);
    const { rejected } = checkRecipients(requestRows(recipients, "Hi {{First Name}}", COLUMNS), "Hi {{First Name}}");
    return verdictsOf(recipients, rejected).rejected;
  };
  assert.deepEqual(rejectedOf("send"), []);
  assert.deepEqual(rejectedOf("leave-out"), [{
    line: 2,
    to: "+14155550101",
    values: { Phone: "+14155550101", "First Name": null, x: null },
    reason: "The cell “First Name” is empty",
  }]);
  const recipients = recipientsOf(table, COLUMNS, 0, "send");
  assert.deepEqual(blanksOf("{{First Name}}", recipients, COLUMNS), [{ column: "First Name", count: 1 }]);
});
