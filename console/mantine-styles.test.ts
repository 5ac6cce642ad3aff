import assert from "node:assert/strict";
import { stylesheetOf } from "./mantine-styles.ts";

const PACKAGES = new URL("../node_modules/@mantine/", import.meta.url);

async function* filesOf(folder: URL): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) yield* filesOf(new URL(`${name}/`, folder));
    else yield new URL(name, folder).pathname;
  }
}

Deno.test("stylesheetOf returns an existing stylesheet for the class names of every Mantine component", async () => {
  let found = 0;
  for (const name of ["core", "notifications", "spotlight"]) {
    for await (const path of filesOf(new URL(`${name}/esm/`, PACKAGES))) {
      const stylesheet = stylesheetOf(path);
      if (!path.endsWith(".module.mjs")) {
        assert.equal(stylesheet, null, path);
        continue;
      }
      found += 1;
      assert.ok((await Deno.stat(new URL(stylesheet!.replace("@mantine/", ""), PACKAGES))).isFile, path);
    }
  }
  assert.ok(found > 100, `only ${found} components`);
});

Deno.test("stylesheetOf reads the paths of Windows, and returns null for other packages", () => {
  const path = "C:\\project\\node_modules\\@mantine\\core\\esm\\components\\Button\\Button.module.mjs";
  assert.equal(stylesheetOf(path), "@mantine/core/styles/Button.layer.css");
  assert.equal(stylesheetOf("/node_modules/@other/core/esm/Button.module.mjs"), null);
});
