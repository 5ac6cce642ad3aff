import assert from "node:assert/strict";
import { join } from "node:path";
import { fileExists } from "../files.ts";
import { postgresPackageFolder } from "../platform-packages.ts";
import { prepareDistribution } from "./distribution.ts";

Deno.test("Concurrent calls of prepareDistribution make one complete copy and log it once", async () => {
  const folder = await Deno.makeTempDir({ prefix: "switchboard-distribution-" });
  const lines: string[] = [];
  const both = await Promise.all([1, 2].map(() => prepareDistribution(folder, (line) => lines.push(line))));
  assert.deepEqual(both[0], both[1]);
  assert.equal(lines.length, 1);
  const entries = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
  assert.deepEqual(entries.sort(), ["distribution.lock", both[0]?.version]);
  const extensions = join(folder, both[0]?.version ?? "", "share/postgresql/extension");
  for (const control of ["pgtap.control", "pgmq.control", "pgcrypto.control"]) {
    assert.equal(await fileExists(join(extensions, control)), true, control);
  }
  await Deno.remove(folder, { recursive: true });
});

Deno.test("prepareDistribution does not change the npm package", async () => {
  const extensions = join(await postgresPackageFolder(), "share/postgresql/extension");
  assert.equal(await fileExists(join(extensions, "pgcrypto.control")), true);
  assert.equal(await fileExists(join(extensions, "pgtap.control")), false);
});
