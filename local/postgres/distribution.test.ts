import assert from "node:assert/strict";
import { join } from "node:path";
import { fileExists } from "../files.ts";
import { postgresPackageFolder } from "../platform-packages.ts";
import { prepareDistribution } from "./distribution.ts";

Deno.test("Two stacks that start at once prepare one whole copy, and say so once", async () => {
  const folder = await Deno.makeTempDir({ prefix: "switchboard-distribution-" });
  const told: string[] = [];
  const both = await Promise.all([1, 2].map(() => prepareDistribution(folder, (line) => told.push(line))));
  assert.deepEqual(both[0], both[1]);
  assert.equal(told.length, 1);
  const entries = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
  assert.deepEqual(entries.sort(), ["distribution.lock", both[0]?.version]);
  const extensions = join(folder, both[0]?.version ?? "", "share/postgresql/extension");
  for (const control of ["pgtap.control", "pgmq.control", "pgcrypto.control"]) {
    assert.equal(await fileExists(join(extensions, control)), true, control);
  }
  await Deno.remove(folder, { recursive: true });
});

Deno.test("The npm package is left as it is", async () => {
  const extensions = join(await postgresPackageFolder(), "share/postgresql/extension");
  assert.equal(await fileExists(join(extensions, "pgcrypto.control")), true);
  assert.equal(await fileExists(join(extensions, "pgtap.control")), false);
});
