import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { MANIFEST, measureSizes } from "./sizes.ts";

/** A build whose files have bytes that cannot be compressed, so that each weighs about as much as it has. */
async function buildOf(manifest: object, bytesOf: Record<string, number>) {
  const dist = await Deno.makeTempDir({ prefix: "switchboard-sizes-" });
  await Deno.mkdir(join(dist, "assets"));
  await Deno.writeTextFile(join(dist, MANIFEST), JSON.stringify(manifest));
  const weights: Record<string, number> = {};
  for (const [file, bytes] of Object.entries(bytesOf)) {
    const content = randomBytes(bytes);
    await Deno.writeFile(join(dist, file), content);
    weights[file] = gzipSync(content, { level: 9 }).byteLength;
  }
  return { dist, weigh: (...files: string[]) => files.reduce((sum, file) => sum + weights[file]!, 0) };
}

const PAGE = ["index.html", "color-scheme.js", "favicon.svg"];

Deno.test("measureSizes counts a shared file once, and for a screen only what the frame has not loaded", async () => {
  const { dist, weigh } = await buildOf({
    "index.html": { file: "assets/index.js", isEntry: true, imports: ["_react"], css: ["assets/index.css"] },
    _react: { file: "assets/react.js", css: ["assets/react.css"] },
    "src/shell.tsx": { file: "assets/shell.js", name: "shell", isDynamicEntry: true, imports: ["_react", "_menu"] },
    _menu: { file: "assets/menu.js" },
    "src/inbox-screen.tsx": {
      file: "assets/inbox.js",
      name: "inbox-screen",
      isDynamicEntry: true,
      imports: ["_menu", "_react", "_list"],
      css: ["assets/inbox.css"],
      dynamicImports: ["src/conversation-pane.tsx"],
    },
    _list: { file: "assets/list.js", imports: ["_react"] },
    "src/conversation-pane.tsx": {
      file: "assets/pane.js",
      name: "conversation-pane",
      isDynamicEntry: true,
      imports: ["_list", "_menu"],
    },
    "src/chart.tsx": { file: "assets/chart.js", name: "chart", isDynamicEntry: true },
  }, {
    ...Object.fromEntries(PAGE.map((file) => [file, 100])),
    "assets/index.js": 1000,
    "assets/index.css": 300,
    "assets/react.js": 2000,
    "assets/react.css": 200,
    "assets/shell.js": 500,
    "assets/menu.js": 600,
    "assets/inbox.js": 700,
    "assets/inbox.css": 800,
    "assets/list.js": 900,
    "assets/pane.js": 400,
    "assets/chart.js": 5000,
  });
  try {
    const sizes = await measureSizes(dist);
    assert.equal(
      sizes.firstLoad,
      weigh(...PAGE, "assets/index.js", "assets/index.css", "assets/react.js", "assets/react.css"),
    );
    assert.deepEqual(sizes.screens, {
      shell: weigh("assets/shell.js", "assets/menu.js"),
      "inbox-screen": weigh("assets/inbox.js", "assets/list.js"),
      "conversation-pane": weigh("assets/pane.js"),
    });
    assert.deepEqual(sizes.largestChunk, { file: "assets/chart.js", bytes: weigh("assets/chart.js") });
  } finally {
    await Deno.remove(dist, { recursive: true });
  }
});
