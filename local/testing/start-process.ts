import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { StackState } from "../stack.ts";
import { eventually } from "./eventually.ts";

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
  /** The program that runs it; the running one by default. */
  deno?: string;
  /** Variables on top of those of this process. */
  env?: Record<string, string>;
}

/** Runs `local/start.ts` as a process of its own, as `deno task start` does. Killed, if need be, at the end of the scope. */
export async function runStart(
  { args, checkout = CHECKOUT, deno = Deno.execPath(), user, env = {} }: StartOptions,
): Promise<StartProcess> {
  const folder = await Deno.makeTempDir({ prefix: "switchboard-start-" });
  await Deno.chmod(folder, 0o777);
  const stateFile = join(folder, "stack.json");
  const child = new Deno.Command(deno, {
    args: ["run", "-A", join(checkout, "local/start.ts"), "--state", stateFile, ...args],
    cwd: checkout,
    env: { NO_COLOR: "1", TWILIO_ACCOUNT_SID: "", STRIPE_SECRET_KEY: "", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    ...user,
  }).spawn();
  const lines: string[] = [];
  const reading = Promise.all([collect(child.stdout, lines), collect(child.stderr, lines)]);
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
      if (code === undefined) child.kill("SIGKILL");
      await ended;
      await Deno.remove(folder, { recursive: true });
    },
  };
}

async function collect(stream: ReadableStream<Uint8Array>, lines: string[]): Promise<void> {
  let pending = "";
  const decoder = new TextDecoder();
  for await (const bytes of stream) {
    const parts = (pending + decoder.decode(bytes, { stream: true })).split("\n");
    pending = parts.pop() ?? "";
    lines.push(...parts);
  }
  if (pending !== "") lines.push(pending);
}

/** Tells whether a process is there. One that has ended but was not waited for yet counts as gone. */
export async function isAlive(pid: number): Promise<boolean> {
  const ps = await new Deno.Command("ps", { args: ["-o", "stat=", "-p", String(pid)] }).output();
  const state = new TextDecoder().decode(ps.stdout).trim();
  return state !== "" && !state.startsWith("Z");
}
