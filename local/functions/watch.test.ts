import assert from "node:assert/strict";
import { makeTestProject } from "../../tests/support/project.ts";
import { eventually } from "../driver/eventually.ts";
import { watchFunctions } from "./watch.ts";

Deno.test("The watcher restarts once for several changes, but not for a changed test or after stop()", async () => {
  await using project = await makeTestProject();
  let restarts = 0;
  const restart = () => Promise.resolve(void restarts++);
  const watching = watchFunctions(project.folder, restart, () => {});
  await project.write("supabase/functions/whoami/handler.test.ts", "a test");
  await new Promise((resolve) => setTimeout(resolve, 400));
  assert.equal(restarts, 0);
  for (let round = 0; round < 5; round++) await project.write("supabase/functions/_shared/who.ts", `// ${round}`);
  await eventually("a restart", () => restarts > 0);
  watching.stop();
  await project.write("supabase/functions/_shared/who.ts", "// after");
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal(restarts, 1);
});

Deno.test("The watcher logs a failed restart and restarts again after the next change", async () => {
  await using project = await makeTestProject();
  const lines: string[] = [];
  const watching = watchFunctions(
    project.folder,
    () => Promise.reject(new Error("restart failed")),
    (line) => lines.push(line),
  );
  for (const round of [1, 2]) {
    await project.write("supabase/functions/_shared/who.ts", `// ${round}`);
    await eventually("its line", () => lines.filter((line) => line === "functions: restart failed").length === round);
  }
  watching.stop();
});
