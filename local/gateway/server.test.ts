import assert from "node:assert/strict";
import http from "node:http";
import { join } from "node:path";
import { exportJWK, generateKeyPair } from "jose";
import { allowedCallers, LOOPBACK_ONLY } from "../callers.ts";
import { PortTakenError } from "../ports.ts";
import { Mailbox } from "../mail/mailbox.ts";
import { resolveOptions } from "../settings.ts";
import type { StackState } from "../stack-state.ts";
import { CONSOLE_HEADERS } from "./console-headers.ts";
import { type GatewayParts, startGateway } from "./server.ts";
import { createUserTokens } from "./user-tokens.ts";

const CALLERS = { everywhere: LOOPBACK_ONLY, functions: LOOPBACK_ONLY };
const nothing = () => Promise.resolve();
const failing = () => Promise.reject(new Error("unexpected call"));

async function makeParts(consoleFolder: string): Promise<GatewayParts> {
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  const signingKey = { ...await exportJWK(privateKey), kid: "k" };
  return {
    api: {
      fetch: (request) => Promise.resolve(new Response(new URL(request.url).pathname)),
      makeAuthTables: nothing,
      reload: nothing,
      close: nothing,
    },
    tokens: await createUserTokens({ signingKey, jwtSecret: "internal", issuer: "x" }),
    functions: {
      process: { fetch: failing, pid: () => 1, kill: () => {}, restart: nothing, stop: nothing },
      config: { verifiesJwt: () => false, has: () => Promise.resolve(true) },
    },
    state: STATE,
    mailbox: new Mailbox(),
    authLimits: null,
    consoleFolder,
  };
}

const STATE: StackState = {
  apiUrl: "http://127.0.0.1:1",
  dbUrl: "postgresql://",
  publishableKey: "sb_publishable_p",
  secretKey: "sb_secret_s",
  consoleUrl: "http://127.0.0.1:1/",
  twilio: {
    url: "http://127.0.0.1:2",
    accountSid: "AC",
    authToken: "hush",
    simulated: true,
    pageUrl: "http://127.0.0.1:2/",
  },
  stripe: { url: "http://127.0.0.1:3", webhookSecret: "whsec_h", simulated: true, pageUrl: "http://127.0.0.1:3/" },
  users: [{ email: "tenant@switchboard.test", password: "p", role: "tenant" }],
  functions: { pid: 1 },
  postgres: { pid: 1 },
  dataDir: "/data",
  pid: 1,
};

/** Creates a built console in a path with a space, and a private file beside its folder. */
async function builtConsole() {
  const parent = await Deno.makeTempDir({ prefix: "switchboard console " });
  const folder = join(parent, "dist");
  await Deno.mkdir(join(folder, "assets"), { recursive: true });
  await Deno.writeTextFile(join(folder, "index.html"), "<title>Console</title>");
  await Deno.writeTextFile(join(folder, "assets", "app.js"), "run()");
  await Deno.writeTextFile(join(parent, "private.txt"), "private");
  return { folder, [Symbol.asyncDispose]: () => Deno.remove(parent, { recursive: true }) };
}

async function serving(consoleFolder: string) {
  const gateway = startGateway(0, CALLERS);
  gateway.open(await makeParts(consoleFolder));
  const get = (path: string, init?: RequestInit) => fetch(`${gateway.url}${path}`, init);
  return { gateway, get, [Symbol.asyncDispose]: () => gateway.stop() };
}

Deno.test("The gateway answers 503 until open() is called", async () => {
  const gateway = startGateway(0, CALLERS);
  const answer = await fetch(`${gateway.url}/rest/v1/notes`);
  assert.equal(answer.status, 503);
  await answer.body?.cancel();
  await gateway.stop();
});

Deno.test("startGateway throws PortTakenError with the port when the port is in use", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  assert.throws(() => startGateway(port, CALLERS), (error) => error instanceof PortTakenError && error.port === port);
  await Promise.resolve();
});

Deno.test("The gateway serves the built console at /, its files, and its index page for its routes", async () => {
  await using built = await builtConsole();
  await using served = await serving(built.folder);
  const page = await served.get("/");
  assert.equal(await page.text(), "<title>Console</title>");
  const script = await served.get("/assets/app.js");
  assert.match(script.headers.get("content-type") ?? "", /javascript/);
  assert.equal(await script.text(), "run()");
  assert.equal(await (await served.get("/messages/all")).text(), "<title>Console</title>");
});

Deno.test("The gateway answers 404 in JSON to an unknown path of the platform, not the console's page", async () => {
  await using built = await builtConsole();
  await using served = await serving(built.folder);
  const paths = [
    "/storage/v1/bucket",
    "/realtime/v1/websocket",
    "/graphql/v1",
    "/rest/v2/plans",
    "/rest",
    "/auth",
    "/anything/v1/x",
    "/_sim/none",
    "/.well-known/oauth-authorization-server",
  ];
  for (const path of paths) {
    for (const method of ["GET", "POST"]) {
      const answer = await served.get(path, { method });
      assert.equal(answer.status, 404, path);
      assert.deepEqual(await answer.json(), { message: "no Route matched with those values" }, path);
    }
  }
  const posted = await served.get("/messages/all", { method: "POST" });
  assert.deepEqual([posted.status, await posted.json()], [404, { message: "no Route matched with those values" }]);
});

Deno.test("The gateway answers 404 for a missing file and for a file outside the console's folder", async () => {
  await using built = await builtConsole();
  await using served = await serving(built.folder);
  for (const path of ["/assets/gone.js", "/..%2fprivate.txt", "/assets/..%2f..%2fprivate.txt"]) {
    const answer = await served.get(path);
    assert.equal(answer.status, 404, path);
    assert.equal((await answer.text()).includes("private"), false);
  }
});

Deno.test("config.json contains the console's addresses and no secret", async () => {
  await using served = await serving("/nowhere");
  const text = await (await served.get("/config.json")).text();
  assert.deepEqual(JSON.parse(text), {
    supabaseUrl: "/",
    publishableKey: STATE.publishableKey,
    sellsSubscriptions: true,
    phonesUrl: "http://127.0.0.1:2/",
    stripeUrl: "http://127.0.0.1:3/",
    mailUrl: "/_sim/mail",
    demoUsers: STATE.users,
  });
});

Deno.test("a function gets the caller's address in the proxy's own header, and appended to x-forwarded-for", async () => {
  const gateway = startGateway(0, CALLERS);
  const parts = await makeParts("/nowhere");
  parts.functions.process.fetch = (_path, _request, headers) =>
    Promise.resolve(Response.json(Object.fromEntries(headers!)));
  gateway.open(parts);
  const forged = { "cf-connecting-ip": "198.51.100.7", "x-forwarded-for": "198.51.100.7" };
  const seen = await (await fetch(`${gateway.url}/functions/v1/anything`, { headers: forged })).json();
  assert.deepEqual([seen["cf-connecting-ip"], seen["x-forwarded-for"]], ["127.0.0.1", "198.51.100.7, 127.0.0.1"]);
  await gateway.stop();
});

Deno.test("The gateway answers 502 without the reason when a function does not respond", async () => {
  await using served = await serving("/nowhere");
  const print = console.error;
  console.error = () => {};
  try {
    const answer = await served.get("/functions/v1/anything");
    assert.equal(answer.status, 502);
    assert.deepEqual(await answer.json(), { code: "WORKER_ERROR", message: "Function did not respond" });
  } finally {
    console.error = print;
  }
});

Deno.test("The gateway forwards /auth/v1 and /rest/v1 to the Data API and answers /health itself", async () => {
  await using served = await serving("/nowhere");
  assert.equal(await (await served.get("/rest/v1/notes")).text(), "/rest/v1/notes");
  assert.equal(await (await served.get("/auth/v1/settings")).text(), "/auth/v1/settings");
  assert.deepEqual(await (await served.get("/health")).json(), { status: "ok", simulates: ["twilio", "stripe"] });
});

Deno.test("The gateway answers for the host of PUBLIC_BASE_URL at the paths of the functions only", async () => {
  const { callers, functionCallers } = resolveOptions({
    env: { PUBLIC_BASE_URL: "https://tunnel.test:8443/functions/v1" },
  });
  assert.deepEqual(functionCallers, allowedCallers(["tunnel.test"]));
  const gateway = startGateway(0, { everywhere: callers, functions: functionCallers });
  const statusOf = (path: string) =>
    new Promise((resolve) => {
      http.get(`${gateway.url}${path}`, { headers: { host: "tunnel.test" } }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      });
    });
  const paths = ["/functions/v1/twilio-webhook", "/config.json", "/functions/v1/../../config.json", "/rest/v1/plans"];
  assert.deepEqual(await Promise.all(paths.map(statusOf)), [503, 421, 421, 421]);
  await gateway.stop();
});

Deno.test("The gateway shows captured mail to loopback names only, also when it answers for another name", async () => {
  const gateway = startGateway(0, { everywhere: allowedCallers(["tunnel.test"]), functions: LOOPBACK_ONLY });
  gateway.open(await makeParts("/nowhere"));
  const statusOf = (path: string, host: string) =>
    new Promise((resolve) => {
      http.get(`${gateway.url}${path}`, { headers: { host } }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      });
    });
  assert.equal(await statusOf("/config.json", "tunnel.test"), 200);
  assert.equal(await statusOf("/_sim/mail", "tunnel.test"), 421);
  assert.equal(await statusOf("/_sim/mail", "localhost"), 200);
  await gateway.stop();
});

Deno.test("Every file of the console has the headers of console/public/_headers, which forbid to frame it", async () => {
  const text = await Deno.readTextFile(new URL("../../console/public/_headers", import.meta.url));
  const [path, ...lines] = text.trim().split("\n");
  const listed = lines.map((line) => line.trim().split(/: (.*)/).slice(0, 2));
  assert.equal(path, "/*");
  assert.deepEqual(Object.fromEntries(listed.map(([name, value]) => [name!.toLowerCase(), value])), CONSOLE_HEADERS);
  await using built = await builtConsole();
  await using served = await serving(built.folder);
  for (const path of ["/", "/messages/all", "/assets/app.js", "/config.json", "/assets/gone.js"]) {
    const answer = await served.get(path);
    await answer.body?.cancel();
    assert.equal(answer.headers.get("content-security-policy"), "frame-ancestors 'none'", path);
    for (const [name, value] of Object.entries(CONSOLE_HEADERS)) assert.equal(answer.headers.get(name), value, path);
  }
  await using bare = await serving("/nowhere");
  const home = await bare.get("/");
  await home.body?.cancel();
  assert.equal(home.headers.get("content-security-policy"), "frame-ancestors 'none'");
});
