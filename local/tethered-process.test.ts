import assert from "node:assert/strict";
import { fileExists } from "./files.ts";
import { startTethered, type TetheredOptions } from "./tethered-process.ts";
import { eventually } from "./driver/eventually.ts";
import { isAlive } from "../tests/support/start-process.ts";

function optionsFor(script: string, more: Partial<TetheredOptions> = {}): TetheredOptions {
  const command = ["/bin/sh", "-c", script, "a name with spaces"];
  return { command, env: {}, cwd: "/", stopSignal: "TERM", graceSeconds: 1, onLine: () => {}, ...more };
}

/** The pipes of node:child_process close shortly after the process ends. The sanitizer would report that as a leak. */
function test(title: string, body: () => Promise<void>): void {
  Deno.test(title, { sanitizeOps: false, sanitizeResources: false }, body);
}

test("A tethered child passes on the lines of stdout and stderr and its exit code", async () => {
  const lines: string[] = [];
  const child = await startTethered(
    optionsFor('echo "$0"; echo error >&2; exit 7', { onLine: (line) => lines.push(line) }),
  );
  assert.equal(await child.ended, 7);
  await eventually("both lines", () => lines.length === 2);
  assert.deepEqual(lines.sort(), ["a name with spaces", "error"]);
});

test("The reported process id is that of the child, not of its shell", async () => {
  const lines: string[] = [];
  const child = await startTethered(optionsFor("echo $$; exec sleep 60", { onLine: (line) => lines.push(line) }));
  await eventually("the id in its output", () => lines.length === 1);
  assert.equal(child.pid, Number(lines[0]));
  await child.stop();
});

test("A tethered child inherits no environment variables", async () => {
  const lines: string[] = [];
  const child = await startTethered(optionsFor("env", { env: { GIVEN: "yes" }, onLine: (line) => lines.push(line) }));
  await child.ended;
  const names = await eventually("its environment", () => lines.length > 0 && lines.map((line) => line.split("=")[0]));
  const ofTheShell = ["PWD", "OLDPWD", "SHLVL", "_"];
  assert.deepEqual(names.filter((name) => !ofTheShell.includes(name ?? "")), ["GIVEN"]);
});

test("stop() sends the stop signal and waits for the child to end", async () => {
  const lines: string[] = [];
  const script = "trap 'echo asked; exit 0' TERM; echo up; while :; do sleep 0.05; done";
  const child = await startTethered(optionsFor(script, { onLine: (line) => lines.push(line) }));
  await eventually("it to be up", () => lines.includes("up"));
  await child.stop();
  assert.equal(await child.ended, 0);
  assert.equal(lines.includes("asked"), true);
});

test("stop() kills a child that ignores the stop signal once the grace period is over", async () => {
  const lines: string[] = [];
  const script = "trap '' TERM; echo up; while :; do sleep 0.05; done";
  const child = await startTethered(optionsFor(script, { onLine: (line) => lines.push(line) }));
  await eventually("it to be up", () => lines.includes("up"));
  await child.stop();
  assert.equal(await child.ended, 128 + 9);
  assert.equal(await isAlive(child.pid), false);
});

test("stop() removes the folder in removeAtEnd", async () => {
  const folder = await Deno.makeTempDir({ prefix: "tethered with spaces " });
  const child = await startTethered(optionsFor("exec sleep 60", { removeAtEnd: folder }));
  assert.equal(await fileExists(folder), true);
  await child.stop();
  assert.equal(await fileExists(folder), false);
});

test("The folder in removeAtEnd stays when the child ends by itself", async () => {
  const folder = await Deno.makeTempDir({ prefix: "tethered " });
  const child = await startTethered(optionsFor("exit 3", { removeAtEnd: folder }));
  assert.equal(await child.ended, 3);
  assert.equal(await fileExists(folder), true);
  await Deno.remove(folder);
});

test("A missing program ends with code 127, and stop() then has no effect", async () => {
  const child = await startTethered({ ...optionsFor(""), command: ["/nowhere/program"] });
  assert.equal(await child.ended, 127);
  await child.stop();
});
