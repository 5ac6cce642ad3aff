import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { visit } from "../support/console/browser.ts";
import { ensureConsoleBuilt } from "../../console/build.ts";
import { LIMITS, measureSizes } from "../../console/sizes.ts";
import { browser, stack } from "./support.ts";

Deno.test("An up-to-date console build is not built again", async () => {
  const lines: string[] = [];
  await ensureConsoleBuilt((line) => lines.push(line));
  assert.deepEqual(lines, []);
});

/** The folder of the build that the stack serves. */
const DIST = fileURLToPath(new URL("../../console/dist", import.meta.url));

Deno.test("The first load, every screen and every file that is loaded later stay within their sizes", async () => {
  const { firstLoad, screens, largestChunk } = await measureSizes(DIST);
  const tooLarge = [
    ["the first load", firstLoad, LIMITS.firstLoad],
    ...Object.entries(screens).map(([name, bytes]) => [name, bytes, LIMITS.screen]),
    [largestChunk.file, largestChunk.bytes, LIMITS.chunk],
  ].filter(([, bytes, limit]) => bytes! > limit!);
  assert.deepEqual(tooLarge, []);
  for (const screen of ["shell", "overview-screen", "numbers-screen", "inbox-screen"]) {
    assert.ok(screen in screens, `"${screen}" is not loaded on its own`);
  }
});

Deno.test("A browser that shows the sign-in screen has loaded no more than the first load may cost", async () => {
  await using visitor = await visit(browser, "about:blank");
  const loaded = new Map<string, Promise<number>>();
  visitor.page.on("response", (response) => {
    if (/\.(html|js|css|svg)$|\/$/.test(new URL(response.url()).pathname)) {
      loaded.set(response.url(), response.body().then((body) => gzipSync(body, { level: 9 }).byteLength));
    }
  });
  await visitor.page.goto(stack.state.consoleUrl);
  await visitor.page.getByRole("button", { name: "Sign in" }).waitFor();
  await visitor.page.waitForLoadState("networkidle");
  const bytes = (await Promise.all(loaded.values())).reduce((sum, size) => sum + size, 0);
  assert.ok(loaded.size > 3 && bytes > 50_000 && bytes <= LIMITS.firstLoad, `${loaded.size} files, ${bytes} bytes`);
});

Deno.test("The built page may connect to its own origin alone, and the browser blocks any other connection", async () => {
  const html = await Deno.readTextFile(new URL("../../console/dist/index.html", import.meta.url));
  assert.equal(/connect-src ([^;]+);/.exec(html)?.[1], "'self'");
  await using visitor = await visit(browser, stack.state.consoleUrl);
  const blocked = await visitor.page.evaluate(() =>
    new Promise((resolve) => {
      document.addEventListener("securitypolicyviolation", ({ effectiveDirective }) => resolve(effectiveDirective));
      fetch("https://evil.example/").catch(() => {});
    })
  );
  assert.equal(blocked, "connect-src");
});

Deno.test("A console that was not built for the project of its config.json names the option of the build", async () => {
  await using visitor = await visit(browser, stack.state.consoleUrl);
  await visitor.page.route(
    "**/config.json",
    (route) => route.fulfill({ json: { supabaseUrl: "https://abcdefgh.supabase.co", publishableKey: "p" } }),
  );
  await visitor.page.reload();
  await visitor.page.getByText("build it with --supabase-url https://abcdefgh.supabase.co").waitFor();
});
