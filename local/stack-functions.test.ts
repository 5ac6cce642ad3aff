import assert from "node:assert/strict";
import http from "node:http";
import { eventually } from "./driver/eventually.ts";
import { freshSession, get, projectStack, signInAs, test } from "../tests/support/project-stack.ts";

const OF_THIS_MACHINE = "SWITCHBOARD_TEST_OF_THIS_MACHINE";
Deno.test.beforeAll(() => Deno.env.set(OF_THIS_MACHINE, "private"));

const further = await Deno.makeTempDir({ prefix: "switchboard-further-" });
for (const name of ["further", "whoami"]) {
  await Deno.mkdir(`${further}/${name}`);
  const source = `export default { fetch: () => new Response("${name} of another folder") };`;
  await Deno.writeTextFile(`${further}/${name}/index.ts`, source);
}
Deno.test.afterAll(() => Deno.remove(further, { recursive: true }));

const shared = projectStack({ scheduler: 50, functionFolders: [further] });

test("A function receives the user of the token", async () => {
  const { supabase } = await signInAs(shared.stack, "operator");
  const { data, error } = await supabase.functions.invoke("whoami");
  assert.equal(error, null);
  assert.deepEqual(data, { email: "operator@switchboard.test", role: "operator" });
});

test("A function sees the variables of the platform and of the project, and none of this machine", async () => {
  const { env, missing } = await (await get(shared.stack, "/functions/v1/environment", {})).json();
  const { state } = shared.stack;
  assert.equal(env.SUPABASE_URL, state.apiUrl);
  assert.equal(env.SUPABASE_DB_URL, state.dbUrl);
  assert.deepEqual(JSON.parse(env.SUPABASE_PUBLISHABLE_KEYS), { default: state.publishableKey });
  assert.deepEqual(JSON.parse(env.SUPABASE_SECRET_KEYS), { default: state.secretKey });
  assert.equal(JSON.parse(env.SUPABASE_JWKS).keys.length, 1);
  assert.equal(env.TWILIO_ACCOUNT_SID, state.twilio.accountSid);
  assert.equal(env.TWILIO_API_BASE_URL, state.twilio.url);
  assert.equal(env.STRIPE_WEBHOOK_SECRET, state.stripe.webhookSecret);
  assert.equal(env.PUBLIC_BASE_URL, `${state.apiUrl}/functions/v1`);
  assert.match(env.TOKEN_SEALING_KEYS, /^\{"k1":"[A-Za-z0-9+/]{43}="\}$/);
  assert.equal(env[OF_THIS_MACHINE], undefined);
  assert.equal(missing, null);
});

test("A function is called at /<name>/…, with the public address in X-Forwarded-*", async () => {
  const { url, headers } = await (await get(shared.stack, "/functions/v1/environment/deep/path?a=1", {})).json();
  assert.equal(new URL(url).pathname + new URL(url).search, "/environment/deep/path?a=1");
  assert.notEqual(new URL(url).origin, shared.stack.state.apiUrl);
  assert.equal(headers["x-forwarded-host"], new URL(shared.stack.state.apiUrl).host);
  assert.equal(headers["x-forwarded-proto"], "http");
});

test("A function without a verify_jwt setting requires a valid token", async () => {
  assert.equal((await get(shared.stack, "/functions/v1/guarded", {})).status, 401);
  const { session } = await freshSession(shared.stack);
  const answer = await get(shared.stack, "/functions/v1/guarded", { authorization: `Bearer ${session.access_token}` });
  assert.equal(await answer.text(), "guarded");
});

test("The gateway answers 404 for a missing function and for a name that points outside the folder", async () => {
  for (const name of ["missing", "_shared", "..%2f..%2fimport_map.json"]) {
    const answer = await get(shared.stack, `/functions/v1/${name}`, {});
    assert.equal(answer.status, 404, name);
    await answer.body?.cancel();
  }
});

test("A function that cannot be loaded answers 503, and other functions still answer", async () => {
  assert.deepEqual((await (await get(shared.stack, "/functions/v1/broken", {})).json()).code, "BOOT_ERROR");
  assert.equal((await get(shared.stack, "/functions/v1/environment", {})).status, 200);
});

test("A new function is served without a restart", async () => {
  await shared.project.write(
    "supabase/functions/late/index.ts",
    'export default { fetch: () => new Response("late") };',
  );
  const { session } = await freshSession(shared.stack);
  const answer = await get(shared.stack, "/functions/v1/late", { authorization: `Bearer ${session.access_token}` });
  assert.equal(await answer.text(), "late");
});

test("A further folder's function is served without a token, and replaces no function of the project", async () => {
  assert.equal(await (await get(shared.stack, "/functions/v1/further", {})).text(), "further of another folder");
  const { supabase } = await signInAs(shared.stack, "operator");
  assert.deepEqual((await supabase.functions.invoke("whoami")).data.role, "operator");
});

test("The stack restarts the functions process after SIGKILL", async () => {
  const killed = shared.stack.state.functions.pid;
  shared.stack.killFunctions("SIGKILL");
  await eventually("a new process", () => shared.stack.state.functions.pid !== killed);
  assert.equal((await get(shared.stack, "/functions/v1/environment", {})).status, 200);
});

test("restartFunctions() serves the current sources", async () => {
  await shared.project.write("supabase/functions/_shared/who.ts", 'export const who = () => ({ email: "changed" });');
  await shared.stack.restartFunctions();
  const { supabase } = await signInAs(shared.stack, "tenant");
  assert.deepEqual((await supabase.functions.invoke("whoami")).data, { email: "changed" });
});

test("The scheduler calls run-jobs repeatedly with the secret key", async () => {
  const calls = async () =>
    (await (await get(shared.stack, "/functions/v1/run-jobs", { apikey: shared.stack.state.secretKey })).json()).calls;
  const before = await calls();
  await eventually("two more calls", async () => await calls() > before + 1);
});

/** The ports of the HTTP servers of the stack: every port on which one of its processes listens, except that of Postgres. */
async function httpPorts(): Promise<number[]> {
  const { apiUrl, twilio, stripe, dbUrl, functions } = shared.stack.state;
  const known = [apiUrl, twilio.url, stripe.url].map((url) => Number(new URL(url).port));
  if (Deno.build.os !== "linux") return known;
  const sockets = new Set<string>();
  for (const pid of [Deno.pid, functions.pid]) {
    for await (const { name } of Deno.readDir(`/proc/${pid}/fd`)) {
      const target = await Deno.readLink(`/proc/${pid}/fd/${name}`).catch(() => "");
      sockets.add(/^socket:\[(\d+)\]$/.exec(target)?.[1] ?? "");
    }
  }
  const [, ...rows] = (await Deno.readTextFile("/proc/net/tcp")).trim().split("\n");
  const listening = rows.map((row) => row.trim().split(/\s+/)).filter(([, , , state]) => state === "0A");
  const ports = listening.filter((fields) => sockets.has(fields[9]!)).map(([, local]) =>
    parseInt(local!.slice(-4), 16)
  );
  assert.deepEqual(known.filter((port) => !ports.includes(port)), []);
  assert.equal(ports.length, known.length + 1, "the functions host listens too");
  return ports.filter((port) => port !== Number(new URL(dbUrl).port));
}

function ask(port: number, path: string, headers: Record<string, string>, method = "GET") {
  return new Promise<{ status: number; body: string; headers: http.IncomingHttpHeaders }>((resolve, reject) => {
    const request = http.request({ host: "127.0.0.1", port, path, method, headers }, async (answer) => {
      let body = "";
      for await (const chunk of answer.setEncoding("utf8")) body += chunk;
      resolve({ status: answer.statusCode ?? 0, body, headers: answer.headers });
    });
    request.on("upgrade", (answer, socket) => {
      socket.destroy();
      resolve({ status: answer.statusCode ?? 0, body: "", headers: answer.headers });
    });
    request.on("error", reject);
    request.end();
  });
}

const PATHS = ["/", "/config.json", "/functions/v1/environment", "/environment", "/_sim/state", "/v1/plans"];
const UPGRADE = {
  connection: "Upgrade",
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
};

test("Every HTTP server of the stack refuses a foreign Host with 421, as DNS rebinding sends it, and says what to set", async () => {
  for (const port of await httpPorts()) {
    for (const path of PATHS) {
      for (const more of [{}, UPGRADE]) {
        const answer = await ask(port, path, { host: `evil.example:${port}`, ...more });
        assert.equal(answer.status, 421, `${port} ${path}`);
        const { code, message } = JSON.parse(answer.body);
        assert.equal(code, "host_not_allowed");
        assert.match(message, /^Cannot answer for the host "evil\.example:\d+".*--host NAME$/);
      }
    }
    const rebound = await ask(port, "/config.json", {
      host: `localhost:${port}`,
      origin: `http://evil.example:${port}`,
    });
    assert.equal(rebound.status, 403);
    assert.notEqual((await ask(port, "/config.json", { host: `app.localhost:${port}` })).status, 421);
  }
});

test("Every HTTP server of the stack refuses a page of another origin with 403, and lets it read nothing", async () => {
  for (const port of await httpPorts()) {
    for (const method of ["GET", "POST", "OPTIONS"]) {
      for (const origin of ["https://evil.example", "null"]) {
        for (const path of PATHS) {
          const headers = { host: `127.0.0.1:${port}`, origin, "access-control-request-method": "POST" };
          const answer = await ask(port, path, headers, method);
          assert.deepEqual([answer.status, answer.headers["access-control-allow-origin"]], [403, undefined], path);
          assert.equal(JSON.parse(answer.body).code, "origin_not_allowed");
        }
      }
    }
  }
});
