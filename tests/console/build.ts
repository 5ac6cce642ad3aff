import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { visit } from "../support/console/browser.ts";
import { ensureConsoleBuilt } from "../../console/build.ts";
import { withConnectSources } from "../../console/csp.ts";
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

/** In the page: requests, sockets and images of other addresses, and which of them the page's policy blocks. */
function blockedOf(addresses: { requests: string[]; sockets: string[]; images: string[] }): Promise<string[]> {
  const blocked: string[] = [];
  document.addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI }) => {
    blocked.push(`${effectiveDirective} ${blockedURI.replace(/\/$/, "")}`);
  });
  const ended = (target: EventTarget, ...types: string[]) =>
    new Promise((resolve) => types.forEach((type) => target.addEventListener(type, resolve)));
  return Promise.all([
    ...addresses.requests.map((url) => fetch(url, { mode: "no-cors" }).catch(() => {})),
    ...addresses.sockets.map((url) => {
      const socket = new WebSocket(url);
      return ended(socket, "open", "error").then(() => socket.close());
    }),
    ...addresses.images.map((url) => {
      const image = new Image();
      image.src = url;
      return ended(image, "load", "error");
    }),
    // The violations are reported in a task of their own.
  ]).then(() => new Promise((resolve) => setTimeout(resolve, 50))).then(() => blocked.sort());
}

Deno.test("The built page may connect to its own origin alone, and the browser blocks any other connection", async () => {
  const html = await Deno.readTextFile(`${DIST}/index.html`);
  assert.equal(/connect-src ([^;]+);/.exec(html)?.[1], "'self'");
  await using visitor = await visit(browser, stack.state.consoleUrl);
  const own = new URL(stack.state.consoleUrl);
  const blocked = await visitor.page.evaluate(blockedOf, {
    requests: ["https://evil.example", own.origin],
    // Realtime of a project that serves the console itself: Chromium reads 'self' as the socket's origin, too.
    sockets: ["wss://evil.example", `ws://${own.host}`],
    images: ["https://evil.example", `${own.origin}/favicon.svg`],
  });
  assert.deepEqual(blocked, [
    "connect-src https://evil.example",
    "connect-src wss://evil.example",
    "img-src https://evil.example",
  ]);
});

Deno.test("A page that is built for a project may call it, open sockets to it and show its images, and no other's", async () => {
  const project = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
    if (request.headers.get("upgrade") !== "websocket") return new Response("");
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.onopen = () => socket.close();
    return response;
  });
  const origin = `http://127.0.0.1:${project.addr.port}`;
  try {
    await using visitor = await visit(browser, "about:blank");
    const html = withConnectSources(await Deno.readTextFile(`${DIST}/index.html`), [origin]);
    await visitor.page.route(
      stack.state.consoleUrl,
      (route) => route.fulfill({ contentType: "text/html", body: html }),
    );
    await visitor.page.goto(stack.state.consoleUrl);
    const blocked = await visitor.page.evaluate(blockedOf, {
      requests: [origin, "http://localhost:1"],
      sockets: [origin.replace("http", "ws"), "ws://localhost:1"],
      images: [origin, "http://localhost:1"],
    });
    assert.deepEqual(blocked, [
      "connect-src http://localhost:1",
      "connect-src ws://localhost:1",
      "img-src http://localhost:1",
    ]);
  } finally {
    await project.shutdown();
  }
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
