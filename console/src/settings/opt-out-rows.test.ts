import assert from "node:assert/strict";
import fc from "fast-check";
import { csvOf } from "../platform/download.ts";
import { readTable } from "../platform/read-table.ts";
import { tableOf } from "../platform/table.ts";
import {
  importInParts,
  optOutAddressOf,
  type OptOutFilters,
  optOutFiltersOf,
  type OptOutRow,
  optOutRows,
  SOURCES,
} from "./opt-out-rows.ts";

const number = fc.integer({ min: 1_000_000, max: 9_999_999 }).map((digits) => `+1415${digits}`);
const parsed = (text: string) => readTable(text);

Deno.test("an export is imported as it was, with senders and times", async () => {
  const row = fc.record({
    recipient: number,
    from: fc.option(number),
    optedOutAt: fc.constant("2026-11-27T12:00:00.000Z"),
  });
  await fc.assert(fc.asyncProperty(fc.array(row, { minLength: 1 }), async (rows) => {
    const text = csvOf(
      ["recipient", "from", "source", "keyword", "optedOutAt"],
      rows.map(({ recipient, from, optedOutAt }) => [recipient, from, "received", "STOP", optedOutAt]),
    );
    assert.deepEqual(
      optOutRows(await parsed(text)),
      rows.map(({ from, ...rest }, index) => ({
        line: index + 2,
        optOut: { ...rest, ...(from !== null && { from }) },
      })),
    );
  }));
});

Deno.test("a list of numbers without a heading is read whole, and empty lines are none", async () => {
  await fc.assert(fc.asyncProperty(fc.array(number, { minLength: 1 }), async (numbers) => {
    const rows = optOutRows(await parsed(numbers.join("\n\n")));
    assert.deepEqual(rows.map(({ optOut }) => optOut), numbers.map((recipient) => ({ recipient })));
    assert.deepEqual(rows.map(({ line }) => line), numbers.map((_, index) => 2 * index + 1));
  }));
});

Deno.test("columns are found by the names of other programs, and others are left out", () => {
  assert.deepEqual(
    optOutRows(tableOf([["First Name", "Phone Number", "date"], ["Ada", "+14155550100", "2026-01-02T00:00:00Z"]])),
    [
      { line: 2, optOut: { recipient: "+14155550100", optedOutAt: "2026-01-02T00:00:00Z" } },
    ],
  );
  // Without a column of numbers the first one has them: the server says of each what is wrong.
  assert.deepEqual(optOutRows(tableOf([["Name", "City"], ["Ada", "London"]])), [{
    line: 2,
    optOut: { recipient: "Ada" },
  }]);
});

Deno.test("no text makes the reading fail", async () => {
  await fc.assert(fc.asyncProperty(fc.string().filter((text) => !text.includes("\0")), async (text) => {
    for (const { line } of optOutRows(await parsed(text))) assert.ok(line >= 1);
  }));
});

Deno.test("an import sends every row once, a thousand at a time, and names the lines of rejected ones", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 3_500 }), fc.nat(5), async (count, failing) => {
      const rows: OptOutRow[] = Array.from({ length: count }, (_, index) => ({
        line: index + 2,
        optOut: { recipient: String(index) },
      }));
      const sent: string[][] = [];
      const result = await importInParts(rows, (optOuts) => {
        if (sent.length === failing) return Promise.reject(new Error("down"));
        sent.push(optOuts.map(({ recipient }) => String(recipient)));
        const rejected = [{ index: 0, recipient: "?", code: "invalid_recipient" as const, message: "is no number" }];
        return Promise.resolve({ added: optOuts.length - 1, known: 0, rejected });
      });
      const parts = Math.ceil(count / 1_000);
      const answered = Math.min(count, failing * 1_000);
      assert.ok(sent.every((part) => part.length <= 1_000));
      assert.deepEqual(sent.flat(), rows.slice(0, answered).map((_, index) => String(index)));
      assert.equal(result.done, answered);
      assert.equal(result.added + result.rejected.length, answered);
      assert.deepEqual(result.rejected.map(({ line }) => line), sent.map((_, part) => part * 1_000 + 2));
      assert.equal(result.error !== null, failing < parts);
    }),
    { numRuns: 30 },
  );
});

Deno.test("the filters of an address are those that it was made of", () => {
  const filters: fc.Arbitrary<OptOutFilters> = fc.record(
    { search: number, source: fc.constantFrom(...SOURCES) },
    { requiredKeys: [], noNullPrototype: true },
  );
  fc.assert(fc.property(filters, (filters) => {
    assert.deepEqual(optOutFiltersOf(new URLSearchParams(optOutAddressOf(filters))), filters);
  }));
  assert.deepEqual(optOutFiltersOf(new URLSearchParams("search= 14155550100&source=nobody")), {
    search: "+14155550100",
  });
});
