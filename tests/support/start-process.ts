import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { StackState } from "../../local/stack.ts";
import { eventually } from "../../local/driver/eventually.ts";
import { readLines } from "./lines.ts";

const CHECKOUT = fileURLToPath(new URL("../..", import.meta.url));

/** A run of `deno run local/start.ts`: the lines it has printed, and its end. */
export interface StartProcess extends AsyncDisposable {
  pid: number;
  lines: string[];
  /** Resolves with the state once the process has printed the line `ready …`. Throws with its output if it ends before. */
  ready(): Promise<StackState>;
  kill(signal: Deno.Signal): void;
  /** The exit code. */
  ended: Promise<number>;
}

export interface StartOptions {
  args: string[];
  /** The checkout to start in. By default the one with this file. */
  checkout?: string;
  /** The user that runs it. By default the user of this process. */
  user?: { uid: number; gid: number };
  /** The command up to its arguments. By default `<deno> run -A local/start.ts`, with the running Deno. */
  command?: readonly string[];
  /** Variables in addition to those of this process. */
  env?: Record<string, string>;
}

/** Runs `local/start.ts` as a separate process, as `deno task start` does. Killed at the end of the scope if it still runs. */
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
      if (code !== undefined) {
        throw new Error(`Cannot start the stack: start.ts ended with code ${code}:\n${lines.join("\n")}`);
      }
      return JSON.parse(await Deno.readTextFile(stateFile)) as StackState;
    },
    async [Symbol.asyncDispose]() {
      try {
        if (code === undefined) child.kill("SIGKILL");
      } catch {
        // It has just ended, and its last output is still being read.
      }
      await ended;
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** Whether a process exists. One that has ended but was not waited for counts as ended. */
export async function isAlive(pid: number): Promise<boolean> {
  const ps = await new Deno.Command("ps", { args: ["-o", "stat=", "-p", String(pid)] }).output();
  const state = new TextDecoder().decode(ps.stdout).trim();
  return state !== "" && !state.startsWith("Z");
}
