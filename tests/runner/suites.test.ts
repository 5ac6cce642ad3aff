import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Suite, SUITES } from "./suites.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const CODE = ["supabase", "local", "console", "client", "tests", "bench"];

async function* testFiles(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(join(ROOT, folder))) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory && entry.name !== "node_modules") yield* testFiles(path);
    else if (/\.test\.tsx?$/.test(entry.name)) yield path;
  }
}

/** Whether a path is one of these files, or is inside one of these folders. */
function isWithin(path: string, places: readonly string[]): boolean {
  return places.some((place) => path === place || path.startsWith(`${place}/`));
}

function runs({ args }: Suite, path: string): boolean {
  if (args[0] !== "test") return false;
  const ignored = args.filter((arg) => arg.startsWith("--ignore=")).flatMap((arg) => arg.slice(9).split(","));
  return isWithin(path, args.slice(1).filter((arg) => !arg.startsWith("-"))) && !isWithin(path, ignored);
}

Deno.test("every test file belongs to exactly one suite", async () => {
  const strays: string[] = [];
  for (const folder of CODE) {
    for await (const path of testFiles(folder)) {
      const names = SUITES.filter((suite) => runs(suite, path)).map(({ name }) => name);
      if (names.length !== 1) strays.push(`${path}: ${names.join(" and ") || "no suite"}`);
    }
  }
  assert.deepEqual(strays, []);
});

Deno.test("a suite that ignores files names one folder: Deno does not apply --ignore to each of several folders", () => {
  const several = SUITES.filter(({ args }) => args.some((arg) => arg.startsWith("--ignore=")))
    .filter(({ args }) => args.slice(1).filter((arg) => !arg.startsWith("-")).length !== 1);
  assert.deepEqual(several.map(({ name }) => name), []);
});
