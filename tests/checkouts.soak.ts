/**
 * `deno task test:soak`: starts the stack from copies of this checkout in awkward places, and as other users. Separate from
 * the tests, because each copy makes its own node_modules, and a fresh user downloads all of it.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createClient } from "@supabase/supabase-js";
import { fileExists } from "../local/files.ts";
import type { StackState } from "../local/stack.ts";
import { startStack } from "../local/stack.ts";
import { isAlive, runStart, type StartOptions } from "./support/start-process.ts";

const CHECKOUT = fileURLToPath(new URL("..", import.meta.url));
const UNPRIVILEGED = { uid: 65534, gid: 65534 };
const isRoot = Deno.uid() === 0;

/** Copies the files of a clone, without tests of other parts, to `<new folder>/a check out/switchboard`. */
async function copyCheckout() {
  const parent = await Deno.makeTempDir({ prefix: "switchboard soak " });
  const checkout = join(parent, "a check out", "switchboard");
  await Deno.mkdir(checkout, { recursive: true });
  const parts = ["deno.json", "deno.lock", "import_map.json", "client", "console", "local", "supabase"];
  const cp = new Deno.Command("cp", { args: ["-R", ...parts.map((part) => join(CHECKOUT, part)), checkout] });
  assert.equal((await cp.output()).success, true);
  await Deno.remove(join(checkout, "console/dist"), { recursive: true }).catch(() => {});
  return { parent, checkout, [Symbol.asyncDispose]: () => Deno.remove(parent, { recursive: true }) };
}

async function assertServes({ apiUrl, publishableKey, users }: StackState): Promise<void> {
  const supabase = createClient(apiUrl, publishableKey, { auth: { persistSession: false, autoRefreshToken: false } });
  const [tenant] = users;
  assert.ok(tenant);
  assert.equal((await supabase.auth.signInWithPassword(tenant)).error, null);
  assert.equal((await supabase.auth.getClaims()).error, null);
  const answer = await supabase.functions.invoke("list-numbers", { method: "GET" });
  assert.equal(answer.error, null, String(answer.error));
  assert.ok(Array.isArray(answer.data.numbers));
}

async function assertServesConsole({ consoleUrl }: StackState): Promise<void> {
  assert.match(await (await fetch(consoleUrl)).text(), /<div id="root">/);
}

/** Starts the stack, stops it, and starts it again on the same data. Returns the data directory. */
async function assertStartsTwice(options: StartOptions): Promise<string> {
  let publishableKey: string | undefined;
  let dataDir = "";
  for (const round of ["first", "second"]) {
    await using start = await runStart(options);
    const state = await start.ready();
    if (round === "first") {
      assert.ok(start.lines.some((line) => line.startsWith("First run: downloading ")), start.lines.join("\n"));
    }
    await assertServes(state);
    await assertServesConsole(state);
    assert.equal(state.publishableKey, publishableKey ?? state.publishableKey, "The data was not kept");
    ({ publishableKey, dataDir } = state);
    start.kill("SIGINT");
    assert.equal(await start.ended, 0);
    assert.equal(await isAlive(state.postgres.pid), false);
    assert.equal(await isAlive(state.functions.pid), false);
  }
  return dataDir;
}

/** The version that the program of a process prints. */
async function versionOf(pid: number): Promise<string> {
  const ps = await new Deno.Command("ps", { args: ["-o", "args=", "-p", String(pid)] }).output();
  const [program = ""] = new TextDecoder().decode(ps.stdout).split(" ");
  return new TextDecoder().decode((await new Deno.Command(program, { args: ["--version"] }).output()).stdout);
}

Deno.test({
  name: "Root starts the stack from a path with spaces, below a folder that no other user can enter",
  ignore: !isRoot,
  async fn() {
    await using copy = await copyCheckout();
    await Deno.chmod(copy.parent, 0o700);
    const dataDir = await assertStartsTwice({ checkout: copy.checkout, args: ["--port", "0"] });
    assert.equal(await fileExists(join(copy.checkout, ".local/data")), false);
    await Deno.remove(dataDir, { recursive: true });
  },
});

Deno.test("A normal user starts the stack from a path with spaces, with all files inside the checkout", async () => {
  await using copy = await copyCheckout();
  const home = join(copy.parent, "home");
  await Deno.mkdir(home);
  const deno = join(copy.parent, "deno");
  await Deno.copyFile(Deno.execPath(), deno);
  await Deno.chmod(deno, 0o755);
  const env = { HOME: home, DENO_DIR: join(home, "deno") };
  if (isRoot) {
    const chown = new Deno.Command("chown", { args: ["-R", `${UNPRIVILEGED.uid}:${UNPRIVILEGED.gid}`, copy.parent] });
    assert.equal((await chown.output()).success, true);
  }
  await assertStartsTwice({
    checkout: copy.checkout,
    args: ["--port", "0"],
    env,
    command: [deno, "run", "-A", join(copy.checkout, "local/start.ts")],
    ...(isRoot && { user: UNPRIVILEGED }),
  });
  assert.equal(await fileExists(join(copy.checkout, ".local/data/postgres")), true);
});

Deno.test("The functions run on Deno 2.1.4, the version of the platform", {
  sanitizeOps: false,
  sanitizeResources: false,
}, async () => {
  const stack = await startStack({ ephemeral: true, scheduler: false, functionsDeno: "2.1.4" });
  try {
    await assertServes(stack.state);
    assert.match(await versionOf(stack.state.functions.pid), /^deno 2\.1\.4 /);
  } finally {
    await stack.stop();
  }
});
