import assert from "node:assert/strict";
import { join } from "node:path";
import { startStack } from "../stack.ts";
import { makeTestProject } from "../../tests/support/project.ts";

Deno.test("Data made by a migration that the checkout no longer has is refused, with the folder to remove", {
  sanitizeOps: false,
  sanitizeResources: false,
}, async () => {
  await using project = await makeTestProject();
  const migration = "supabase/migrations/20260102000000_from_another_branch.sql";
  await project.write(migration, "select 1;\n");
  const dataDir = await Deno.makeTempDir({ prefix: "switchboard-data-" });
  await Deno.chmod(dataDir, 0o755); // Postgres enters it as another user where root runs it.
  const options = { projectDir: project.folder, dataDir, port: 0, scheduler: false } as const;
  const stack = await startStack(options);
  await stack.stop();

  await Deno.remove(join(project.folder, migration));
  await assert.rejects(startStack(options), {
    name: "ForeignMigrationsError",
    message: `Cannot use the data in "${dataDir}": its database has migrations that this checkout does not have ` +
      "(20260102000000); remove that folder, or choose another with --data DIR",
  });
  await Deno.remove(dataDir, { recursive: true });
});
