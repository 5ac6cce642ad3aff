import assert from "node:assert/strict";
import { join } from "node:path";
import { startStack } from "../stack.ts";
import { makeTestProject } from "../../tests/support/project.ts";

Deno.test("startStack rejects data with a migration that the checkout does not have, and names the data folder", {
  sanitizeOps: false,
  sanitizeResources: false,
}, async () => {
  await using project = await makeTestProject();
  const migration = "supabase/migrations/20260102000000_from_another_branch.sql";
  await project.write(migration, "select 1;\n");
  const dataDir = await Deno.makeTempDir({ prefix: "switchboard-data-" });
  await Deno.chmod(dataDir, 0o755); // Under root, Postgres runs as another user.
  const options = { projectDir: project.folder, dataDir, port: 0, scheduler: false } as const;
  const stack = await startStack(options);
  await stack.stop();

  await Deno.remove(join(project.folder, migration));
  await assert.rejects(startStack(options), {
    name: "ForeignMigrationsError",
    message: `Cannot use the data folder "${dataDir}": its database has migrations that this checkout does not have ` +
      "(20260102000000); remove the folder or set another one with --data DIR",
  });
  await Deno.remove(dataDir, { recursive: true });
});
