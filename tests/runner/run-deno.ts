import { fileURLToPath } from "node:url";
import { readLines } from "../support/lines.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** How a command ended, and its complete output. */
export interface Ended {
  success: boolean;
  output: string;
}

/** The processes of suites that are running. */
const running = new Set<Deno.ChildProcess>();

/** Runs deno with `args` in the root of the checkout. `onLine` receives each line as it is printed. */
export async function runDeno(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  onLine: (line: string) => void,
): Promise<Ended> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: ROOT,
    env: { ...env, NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  running.add(child);
  const lines: string[] = [];
  const take = (line: string) => {
    lines.push(line);
    onLine(line);
  };
  await Promise.all([readLines(child.stdout, take), readLines(child.stderr, take)]);
  const { success } = await child.status;
  running.delete(child);
  return { success, output: lines.join("\n") };
}

/** Ends the running processes. The stacks of a suite end with its process. */
export function stopRunning(): void {
  for (const child of running) child.kill("SIGTERM");
}
