/**
 * Child processes that cannot outlive this one, however it ends.
 *
 * Each child runs under a small `sh` whose standard input is a pipe that only this process holds. When this process ends,
 * even by SIGKILL, the kernel closes the pipe, and the shell stops the child and removes what it was told to remove.
 */
import { type ChildProcess, spawn } from "node:child_process";

export interface TetheredOptions {
  /** The program and its arguments. */
  command: readonly string[];
  /** The whole environment of the child: nothing is inherited. */
  env: Record<string, string>;
  cwd: string;
  /** What asks the child to end. After `patienceSeconds` it is killed. */
  stopSignal: "INT" | "TERM";
  patienceSeconds: number;
  /** The user to run as; only root may choose another than itself. */
  user?: { uid: number; gid: number };
  /** A folder to remove once the child was stopped. One that ends by itself leaves its folder to this process. */
  removeAtEnd?: string;
  /** Receives each line that the child writes. */
  onLine: (line: string) => void;
}

export interface Tethered {
  /** The process id of the child itself, not of its shell. */
  pid: number;
  /** Resolves with the exit code when the child has ended; 128 + n after signal n. */
  ended: Promise<number>;
  /** Asks the child to end and waits until it has. */
  stop(): Promise<void>;
}

// Descriptor 3 is the tether: a background job of `sh` has its standard input cut off. The inner `sh` tells the process id
// before it turns into the child, so that the id is the first line, whatever the child writes.
// A trapped signal interrupts `wait`, hence the loop around it.
const SHELL_SCRIPT = `
exec 3<&0 </dev/null 4>&2 2>/dev/null
signal=$1; patience=$2; remove=$3; stopped=; shift 3
trap 'stopped=yes' USR1
/bin/sh -c 'echo $$; exec "$@"' sh "$@" 3<&- 2>&4 4>&- & child=$!
(
  trap - USR1
  while read -r _ <&3; do :; done
  kill -s USR1 $$
  kill -s "$signal" "$child" 2>/dev/null || exit 0
  waited=0
  while kill -0 "$child" 2>/dev/null && [ "$waited" -lt "$patience" ]; do sleep 0.1; waited=$((waited + 1)); done
  kill -s KILL "$child" 2>/dev/null
) >/dev/null 4>&- &
exec 4>&-
while wait "$child"; code=$?; kill -0 "$child" 2>/dev/null; do :; done
[ -z "$remove" ] || [ -z "$stopped" ] || rm -rf -- "$remove"
exit "$code"
`;

/** Starts a child; see the top of this file. Resolves when it runs (not: when it is ready). */
export async function startTethered(options: TetheredOptions): Promise<Tethered> {
  const tenths = String(options.patienceSeconds * 10);
  const shellArguments = ["-c", SHELL_SCRIPT, "sh", options.stopSignal, tenths, options.removeAtEnd ?? ""];
  const shell = spawn("/bin/sh", [...shellArguments, ...options.command], {
    cwd: options.cwd,
    env: options.env,
    stdio: ["pipe", "pipe", "pipe"],
    // A group of its own: Ctrl-C in the terminal reaches only this process, which then stops its children in order.
    detached: true,
    ...options.user,
  });
  const ended = new Promise<number>((resolve, reject) => {
    shell.once("error", reject);
    shell.once("exit", (code) => {
      shell.stdin.destroy();
      resolve(code ?? 128);
    });
  });
  shell.stdin.on("error", () => {}); // The pipe breaks when the shell ends first: that is `ended`, not an error.
  const pid = await Promise.race([firstLineThenRest(shell, options.onLine), ended.then(failToStart(options))]);
  return {
    pid: Number(pid),
    ended,
    async stop() {
      shell.stdin.end();
      await ended;
    },
  };
}

function firstLineThenRest(shell: ChildProcess, onLine: (line: string) => void): Promise<string> {
  return new Promise((resolve) => {
    let first = true;
    forEachLine(shell.stdout, (line) => {
      if (!first) return onLine(line);
      first = false;
      resolve(line);
    });
    forEachLine(shell.stderr, onLine);
  });
}

function forEachLine(stream: ChildProcess["stdout"], onLine: (line: string) => void): void {
  let pending = "";
  stream?.setEncoding("utf8");
  stream?.on("data", (text: string) => {
    const lines = (pending + text).split("\n");
    pending = lines.pop() ?? "";
    for (const line of lines) onLine(line);
  });
  stream?.on("end", () => {
    if (pending !== "") onLine(pending);
  });
}

function failToStart(options: TetheredOptions): (code: number) => never {
  return (code) => {
    throw new Error(`Cannot start "${options.command[0]}": it ended at once with code ${code}`);
  };
}
