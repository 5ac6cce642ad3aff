import assert from "node:assert/strict";
import { createClient } from "@supabase/supabase-js";
import { fileExists } from "./files.ts";
import { freePort } from "./ports.ts";
import type { StackState } from "./stack.ts";
import { eventually } from "./driver/eventually.ts";
import { isAlive, runStart } from "../tests/support/start-process.ts";

const isRoot = Deno.uid() === 0;

/** Creates a folder that the user `postgres` can enter. Under root, Postgres runs as that user. */
async function openFolder() {
  const path = await Deno.makeTempDir({ prefix: "switchboard-data-" });
  await Deno.chmod(path, 0o755);
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

async function processesEnded({ functions, postgres }: StackState): Promise<void> {
  await eventually("all to end", async () => !await isAlive(functions.pid) && !await isAlive(postgres.pid));
}

function clientOf({ apiUrl, publishableKey }: StackState) {
  return createClient(apiUrl, publishableKey, { auth: { persistSession: false, autoRefreshToken: false } });
}

Deno.test("start --help prints the usage and exits with code 0", async () => {
  await using start = await runStart({ args: ["--help"] });
  assert.equal(await start.ended, 0);
  assert.match(start.lines.join("\n"), /Usage: deno task start/);
});

Deno.test("start with an invalid argument prints the usage and exits with code 2", async () => {
  for (const args of [["--warp"], ["--port", "many"], ["--host", "http://a.test"], ["extra"]]) {
    await using start = await runStart({ args });
    assert.equal(await start.ended, 2);
    assert.match(start.lines.join("\n"), /Usage: deno task start/);
  }
});

Deno.test("start with a port in use prints the port and the next step in one line, and exits with code 1", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await using start = await runStart({ args: ["--ephemeral", "--port", String(listener.addr.port)] });
  assert.equal(await start.ended, 1);
  assert.deepEqual(start.lines, [
    "Starting Switchboard",
    `Cannot listen on port ${listener.addr.port}: another program uses it; stop that program or set a port with --port N`,
  ]);
});

Deno.test("Data, keys and sessions survive a SIGKILL of the stack and a second start", async () => {
  await using folder = await openFolder();
  const args = ["--data", folder.path, "--port", String(freePort()), "--no-scheduler"];
  await using first = await runStart({ args });
  const before = await first.ready();
  const supabase = clientOf(before);
  const email = `${crypto.randomUUID()}@example.test`;
  const { data: { session } } = await supabase.auth.signUp({ email, password: "correct horse" });
  assert.ok(session);
  const twilioAccounts = before.twilio.accountSid;

  first.kill("SIGKILL");
  await first.ended;
  // Immediately, while the first Postgres is still shutting down: the second start must wait for it, not fail.
  await using second = await runStart({ args });
  const after = await second.ready();
  await processesEnded(before);
  assert.equal(after.apiUrl, before.apiUrl);
  assert.equal(after.publishableKey, before.publishableKey);
  assert.equal(after.dbUrl.replace(/:\d+\//, "/"), before.dbUrl.replace(/:\d+\//, "/"));
  assert.equal(after.twilio.accountSid, twilioAccounts);
  assert.equal(after.stripe.webhookSecret, before.stripe.webhookSecret);
  const { data } = await clientOf(after).auth.getUser(session.access_token);
  assert.equal(data.user?.email, email);
  const renewed = await clientOf(after).auth.refreshSession({ refresh_token: session.refresh_token });
  assert.equal(renewed.error, null);

  await using third = await runStart({ args: ["--data", folder.path, "--port", "0"] });
  assert.equal(await third.ended, 1);
  assert.match(third.lines.at(-1) ?? "", /^Cannot use the data folder ".*": another stack runs on it/);

  second.kill("SIGTERM");
  assert.equal(await second.ended, 0);
  assert.equal(await isAlive(after.postgres.pid), false);
  assert.equal(await isAlive(after.functions.pid), false);
});

Deno.test("A stack that was killed during its first preparation is complete after the second start", async () => {
  await using folder = await openFolder();
  const args = ["--data", folder.path, "--port", "0", "--no-scheduler"];
  await using first = await runStart({ args });
  await eventually("the auth tables", () => first.lines.some((line) => line.includes("platform's database objects")));
  first.kill("SIGKILL");
  await first.ended;
  await using second = await runStart({ args });
  const state = await second.ready();
  for (const user of state.users) {
    const { data, error } = await clientOf(state).auth.signInWithPassword(user);
    assert.equal(error, null, user.email);
    assert.equal(data.user?.app_metadata.role, user.role === "operator" ? "operator" : undefined);
  }
  second.kill("SIGTERM");
  assert.equal(await second.ended, 0);
});

Deno.test("An ephemeral stack leaves no process and no folder after SIGKILL", async () => {
  await using start = await runStart({ args: ["--ephemeral", "--no-scheduler"] });
  const state = await start.ready();
  assert.equal(await isAlive(state.postgres.pid), true);
  assert.equal(await fileExists(state.dataDir), true);
  start.kill("SIGKILL");
  await start.ended;
  await processesEnded(state);
  await eventually("the folder to be removed", async () => !await fileExists(state.dataDir));
});

Deno.test("The stack stops and removes its data folder when SIGINT arrives three times", async () => {
  await using start = await runStart({ args: ["--ephemeral"] });
  const state = await start.ready();
  for (let times = 0; times < 3; times++) start.kill("SIGINT");
  assert.equal(await start.ended, 0);
  assert.equal(await isAlive(state.postgres.pid), false);
  assert.equal(await isAlive(state.functions.pid), false);
  assert.equal(await fileExists(state.dataDir), false);
});

Deno.test("The stack stops and removes its data folder when the npx that launched it receives SIGTERM", async () => {
  const command = ["npx", "-y", `deno@${Deno.version.deno}`, "task", "start"];
  await using start = await runStart({ command, args: ["--ephemeral", "--no-scheduler"] });
  const state = await start.ready();
  start.kill("SIGTERM");
  await processesEnded(state);
  await eventually("the folder to be removed", async () => !await fileExists(state.dataDir));
  await eventually("the stack process to end", async () => !await isAlive(state.pid));
});

Deno.test("start exits with code 0 when SIGINT arrives while it starts", async () => {
  await using start = await runStart({ args: ["--ephemeral"] });
  await eventually("the data folder", () => start.lines.some((line) => line.includes("Opened the data folder")));
  start.kill("SIGINT");
  assert.equal(await start.ended, 0);
});

Deno.test({
  name: "start under root reports a data folder that the user postgres cannot enter",
  ignore: !isRoot,
  async fn() {
    await using folder = await openFolder();
    await Deno.chmod(folder.path, 0o700);
    await using start = await runStart({ args: ["--data", folder.path, "--port", "0"] });
    assert.equal(await start.ended, 1);
    assert.match(start.lines.at(-1) ?? "", /^Cannot keep the database in ".*": the user "postgres"/);
  },
});
