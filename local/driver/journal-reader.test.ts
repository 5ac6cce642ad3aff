import assert from "node:assert/strict";
import fc from "fast-check";
import { journalReader } from "./journal-reader.ts";

Deno.test("Reading a journal in parts returns the same as reading it whole, also after entries were completed, dropped or cleared", async () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("add" as const) }),
    fc.record({ kind: fc.constantFrom("complete" as const, "drop" as const), which: fc.nat() }),
    fc.record({ kind: fc.constant("read" as const), since: fc.nat({ max: 12 }) }),
    fc.record({ kind: fc.constant("reset" as const) }),
  );
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
    let journal: { id: number; status: number | null; dropped: boolean }[] = [];
    let last = 0;
    let cleared = 0;
    const since = (id: number) => structuredClone(journal.filter((entry) => entry.id > id));
    const read = journalReader((id) => Promise.resolve({ entries: since(id), cleared }));
    for (const one of steps) {
      if (one.kind === "add") journal.push({ id: ++last, status: null, dropped: false });
      else if (one.kind === "reset") {
        journal = [];
        cleared++;
      } else if (one.kind === "read") assert.deepEqual(await read(one.since), since(one.since));
      else {
        const open = journal.filter(({ status, dropped }) => status === null && !dropped);
        const chosen = open[one.which % Math.max(open.length, 1)];
        if (chosen !== undefined) Object.assign(chosen, one.kind === "drop" ? { dropped: true } : { status: 200 });
      }
    }
    assert.deepEqual(await read(), since(0));
  }));
});
