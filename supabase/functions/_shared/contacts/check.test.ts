import assert from "node:assert/strict";
import fc from "fast-check";
import { checkContacts } from "./check.ts";

const NUMBER = "+14155550199";

Deno.test("a bad row of contacts is rejected by itself, with its position and reason", async () => {
  const bad: [unknown, string][] = [
    [null, "invalid_row"],
    ["+14155550199", "invalid_row"],
    [{}, "invalid_number"],
    [{ phoneNumber: true }, "invalid_number"],
    [{ phoneNumber: "\ud800".repeat(200) }, "invalid_number"],
    [{ phoneNumber: "0151 23456789" }, "invalid_number"],
    [{ phoneNumber: NUMBER, name: 1 }, "invalid_name"],
    [{ phoneNumber: NUMBER, name: "x".repeat(101) }, "invalid_name"],
    [{ phoneNumber: NUMBER, name: "a\0b" }, "invalid_name"],
    [{ phoneNumber: NUMBER, notes: "\ud800" }, "invalid_notes"],
    [{ phoneNumber: NUMBER, notes: "x".repeat(2001) }, "invalid_notes"],
    [{ phoneNumber: NUMBER, tags: "vip" }, "invalid_tags"],
    [{ phoneNumber: NUMBER, tags: [null] }, "invalid_tags"],
    [{ phoneNumber: NUMBER, tags: ["a\0b"] }, "invalid_tags"],
    [{ phoneNumber: NUMBER, tags: ["x".repeat(41)] }, "invalid_tags"],
    [{ phoneNumber: NUMBER, tags: Array.from({ length: 21 }, (_, n) => `t${n}`) }, "invalid_tags"],
  ];
  const rows = [{ phoneNumber: NUMBER, name: "Ann" }, ...bad.map(([row]) => row)];
  const { ready, repeated, rejected } = await checkContacts(rows, undefined);
  assert.deepEqual([ready, repeated], [[{ position: 0, phone_number: NUMBER, name: "Ann" }], 0]);
  assert.deepEqual(
    rejected.map(({ index, code }) => [index, code]),
    bad.map(([, code], index) => [index + 1, code]),
  );
  for (const { phoneNumber } of rejected) assert.ok(phoneNumber.length <= 100 && phoneNumber.isWellFormed());
});

Deno.test("a row with the number of an earlier one completes it and overrides it, in any notation", async () => {
  const { ready, repeated } = await checkContacts([
    { phoneNumber: "+49 151 23456789", name: " Ann \n Lee ", tags: ["VIP", "vip", ""], company: "an unknown column" },
    { phoneNumber: "+49 (0)151 23456789", name: null, notes: "  " },
    { phoneNumber: "0151/23456789", notes: "Late" },
  ], "DE");
  assert.deepEqual([ready, repeated], [
    [{ position: 0, phone_number: "+4915123456789", name: null, tags: ["VIP"], notes: "Late" }],
    2,
  ]);
});

Deno.test("every row is ready, repeated or rejected, for any rows", async () => {
  const row = fc.oneof(
    fc.anything(),
    fc.record({
      phoneNumber: fc.oneof(fc.constantFrom(NUMBER, "+14155550100", "(415) 555-0199", "x"), fc.anything()),
      name: fc.oneof(fc.string(), fc.anything()),
      tags: fc.oneof(fc.array(fc.string()), fc.anything()),
    }, { requiredKeys: ["phoneNumber"] }),
  );
  await fc.assert(fc.asyncProperty(fc.array(row, { maxLength: 20 }), async (rows) => {
    const { ready, repeated, rejected } = await checkContacts(rows, "US");
    assert.equal(ready.length + repeated + rejected.length, rows.length);
    assert.equal(new Set(ready.map(({ phone_number }) => phone_number)).size, ready.length);
  }));
});
