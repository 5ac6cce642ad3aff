import assert from "node:assert/strict";
import { visit } from "../support/console/browser.ts";
import { ensureConsoleBuilt } from "../../console/build.ts";
import { browser, stack } from "./support.ts";

Deno.test("An up-to-date console build is not built again", async () => {
  const lines: string[] = [];
  await ensureConsoleBuilt((line) => lines.push(line));
  assert.deepEqual(lines, []);
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
