import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { StackState } from "../../local/stack.ts";
import { eventually } from "../../local/driver/eventually.ts";
import { readLines } from "./lines.ts";

const CHECKOUT = fileURLToPath(new URL("../..", import.meta.url));

/** How a `deno run local/start.ts` went: each line it wrote, and the end it came to. */
export interface StartProcess extends AsyncDisposable {
  pid: number;
  lines: string[];
  /** Resolves with the state once it has printed its line `ready …`; throws with what it printed if it ends before. */
  ready(): Promise<StackState>;
  kill(signal: Deno.Signal): void;
  /** The exit code. */
  ended: Promise<number>;
}

export interface StartOptions {
  args: string[];
  /** The checkout to start in; the one of this file by default. */
  checkout?: string;
  /** Who runs it; this process's user by default. */
  user?: { uid: number; gid: number };
  /** What runs it, up to its arguments: `<deno> run -A local/start.ts` by default, with the running Deno. */
  command?: readonly string[];
  /** Variables on top of those of this process. */
  env?: Record<string, string>;
}

/** Runs `local/start.ts` as a process of its own, as `deno task start` does. Killed, if need be, at the end of the scope. */
export async function runStart(
  { args, checkout = CHECKOUT, command, user, env = {} }: StartOptions,
): Promise<StartProcess> {
  const folder = await Deno.makeTempDir({ prefix: "switchboard-start-" });
  await Deno.chmod(folder, 0o777);
  const stateFile = join(folder, "stack.json");
  const [program, ...given] = command ?? [Deno.execPath(), "run", "-A", join(checkout, "local/start.ts")];
  const child = new Deno.Command(program!, {
    args: [...given, "--state", stateFile, ...args],
    cwd: checkout,
    env: { NO_COLOR: "1", TWILIO_ACCOUNT_SID: "", STRIPE_SECRET_KEY: "", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    ...user,
  }).spawn();
  const lines: string[] = [];
  const reading = Promise.all(
    [child.stdout, child.stderr].map((stream) => readLines(stream, (line) => lines.push(line))),
  );
  let code: number | undefined;
  const ended = child.status.then(async (status) => {
    await reading;
    return code = status.code;
  });
  return {
    pid: child.pid,
    lines,
    ended,
    kill: (signal) => child.kill(signal),
    async ready() {
      const isReady = () => lines.some((line) => line.startsWith("ready http"));
      await eventually("the stack to be ready", () => code !== undefined || isReady(), 180_000);
      if (code !== undefined) throw new Error(`start ended with code ${code}:\n${lines.join("\n")}`);
      return JSON.parse(await Deno.readTextFile(stateFile)) as StackState;
    },
    async [Symbol.asyncDispose]() {
      try {
        if (code === undefined) child.kill("SIGKILL");
      } catch {
        // It has ended just now, and what it left on its pipes is still being read.
      }
      await ended;
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** Tells whether a process is there. One that has ended but was not waited for yet counts as gone. */
export async function isAlive(pid: number): Promise<boolean> {
  const ps = await new Deno.Command("ps", { args: ["-o", "stat=", "-p", String(pid)] }).output();
  const state = new TextDecoder().decode(ps.stdout).trim();
  return state !== "" && !state.startsWith("Z");
}
