/** `deno task screenshots`: a picture of every view of the console, in both color schemes and on a desk and a phone. */
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { ensureConsoleBuilt } from "../../../console/build.ts";
import { startStack } from "../../../local/stack.ts";
import { startBrowser } from "../../support/console/browser.ts";
import { OPENED } from "./opened.ts";
import { PICTURES } from "./pictures.ts";
import { takePictures } from "./take-pictures.ts";
import { type Scene, setScene, userOf } from "./scene.ts";
import { fitting, type View } from "./view.ts";
import { VIEWS } from "./views.ts";
import { enter, show } from "./visit-view.ts";

const DEFAULT_FOLDER = fileURLToPath(new URL("../../../.local/screenshots", import.meta.url));
const PICTURES_FOLDER = fileURLToPath(new URL("../../../docs/pictures", import.meta.url));
const SIZES = { desk: { width: 1280, height: 820 }, phone: { width: 375, height: 812 } };
const SCHEMES = ["light", "dark"] as const;

const USAGE = `Usage: deno task screenshots [--docs] [--out FOLDER] [WORD …]

Takes a picture of every view of the console, 1280 and 375 pixels wide, in the light and the dark scheme, from a stack of
its own with users, numbers and conversations. The files are FOLDER/<view>-<desk or phone>-<light or dark>.png.

  --docs        take the pictures of the documents instead, from a stack with demo data, into docs/pictures
  --out FOLDER  the folder for the pictures (default: .local/screenshots)
  WORD          only the views whose name contains one of the words`;

const { values, positionals: words } = parseArgs({
  options: { docs: { type: "boolean" }, out: { type: "string" }, help: { type: "boolean", short: "h" } },
  allowPositionals: true,
});
if (values.help) console.log(USAGE);
else if (values.docs) {
  await ensureConsoleBuilt(console.log);
  const wanted = PICTURES.filter(({ name }) => isWanted(name));
  Deno.exit(await takePictures(wanted, values.out ?? PICTURES_FOLDER, console.log) === 0 ? 0 : 1);
} else {
  const wanted = [...VIEWS, ...OPENED].filter(({ name }) => isWanted(name));
  Deno.exit(await takeAll(values.out ?? DEFAULT_FOLDER, wanted) === 0 ? 0 : 1);
}

function isWanted(name: string): boolean {
  return words.length === 0 || words.some((word) => name.includes(word));
}

/** @returns the number of views that could not be shown */
async function takeAll(folder: string, views: readonly View[]): Promise<number> {
  await ensureConsoleBuilt(console.log);
  await Deno.mkdir(folder, { recursive: true });
  const stack = await startStack({ ephemeral: true, scheduler: 250, log: () => {} });
  const browser = await startBrowser();
  let failures = 0;
  try {
    console.log("Making the users, numbers and conversations");
    const scene = await setScene(stack.state);
    const users = [...new Set(views.map(({ user }) => user))];
    for (const [size, viewport] of Object.entries(SIZES)) {
      for (const colorScheme of SCHEMES) {
        for (const user of users) {
          const wanted = fitting(views, viewport.width).filter((view) => view.user === user);
          const take = (view: View) => join(folder, `${view.name}-${size}-${colorScheme}.png`);
          failures += await takeAs(browser, stack.state.consoleUrl, scene, wanted, { viewport, colorScheme }, take);
        }
      }
    }
    console.log(`The pictures are in ${relative(Deno.cwd(), folder) || folder}`);
  } finally {
    await browser.close();
    await stack.stop();
  }
  return failures;
}

/** Takes the pictures of one user's views in one context. */
async function takeAs(
  browser: Browser,
  consoleUrl: string,
  scene: Scene,
  views: readonly View[],
  look: { viewport: { width: number; height: number }; colorScheme: "light" | "dark" },
  fileOf: (view: View) => string,
): Promise<number> {
  const context = await browser.newContext({ ...look, locale: "en-US", reducedMotion: "reduce" });
  context.setDefaultTimeout(30_000);
  const page = await context.newPage();
  const user = views[0]?.user ?? null;
  await enter(page, consoleUrl, user && (await userOf(scene, user)).email);
  let failures = 0;
  for (const view of views) {
    try {
      await show(page, consoleUrl, view, scene);
    } catch (error) {
      failures += 1;
      console.error(`Cannot show "${view.name}": ${error instanceof Error ? error.message.split("\n")[0] : error}`);
    }
    // As high as its content, so that what is at the bottom of the window is at the bottom of the picture. A dialog is in
    // the middle of a window of the usual height.
    const height = await page.evaluate(() =>
      document.querySelector("[role=dialog]") === null ? document.documentElement.scrollHeight : 0
    );
    await page.setViewportSize({ ...look.viewport, height: Math.max(look.viewport.height, height) });
    // Also of a view that could not be shown: the picture says why.
    await page.screenshot({ path: fileOf(view) });
    await page.setViewportSize(look.viewport);
  }
  await context.close();
  return failures;
}
