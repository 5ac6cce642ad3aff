/**
 * Child processes that cannot outlive this process.
 *
 * Each child runs under a small `sh` whose standard input is a pipe that only this process holds open. When this
 * process ends, even by SIGKILL, the kernel closes the pipe. The shell then stops the child and removes `removeAtEnd`.
 */
import { type ChildProcess, spawn } from "node:child_process";

export interface TetheredOptions {
  /** The program and its arguments. */
  command: readonly string[];
  /** The complete environment of the child. It inherits no variables. */
  env: Record<string, string>;
  cwd: string;
  /** The signal that stops the child. A child that still runs after `graceSeconds` is killed. */
  stopSignal: "INT" | "TERM";
  graceSeconds: number;
  /** The user to run as. Only root can choose a user other than itself. */
  user?: { uid: number; gid: number };
  /** A folder to remove after the child was stopped. It stays if the child ends by itself. */
  removeAtEnd?: string;
  /** Receives each line that the child writes. */
  onLine: (line: string) => void;
}

export interface Tethered {
  /** The process id of the child itself, not of its shell. */
  pid: number;
  /** Resolves with the exit code when the child has ended: 128 + n after signal n. */
  ended: Promise<number>;
  /** Sends the stop signal and waits until the child has ended. */
  stop(): Promise<void>;
}

// Descriptor 3 keeps the pipe, because `sh` redirects the standard input of a background job. The inner `sh` prints its
// process id before it executes the child, so the id is always the first line. A trapped signal interrupts `wait`,
// hence the loop around it.
const SHELL_SCRIPT = `
exec 3<&0 </dev/null 4>&2 2>/dev/null
signal=$1; grace=$2; remove=$3; stopped=; shift 3
trap 'stopped=yes' USR1
/bin/sh -c 'echo $$; exec "$@"' sh "$@" 3<&- 2>&4 4>&- & child=$!
(
  trap - USR1
  while read -r _ <&3; do :; done
  kill -s USR1 $$
  kill -s "$signal" "$child" 2>/dev/null || exit 0
  waited=0
  while kill -0 "$child" 2>/dev/null && [ "$waited" -lt "$grace" ]; do sleep 0.1; waited=$((waited + 1)); done
  kill -s KILL "$child" 2>/dev/null
) >/dev/null 4>&- &
exec 4>&-
while wait "$child"; code=$?; kill -0 "$child" 2>/dev/null; do :; done
[ -z "$remove" ] || [ -z "$stopped" ] || rm -rf -- "$remove"
exit "$code"
`;

/** Starts a child (see the top of this file). Resolves when the child runs, before it is ready for requests. */
export async function startTethered(options: TetheredOptions): Promise<Tethered> {
  const tenths = String(options.graceSeconds * 10);
  const shellArguments = ["-c", SHELL_SCRIPT, "sh", options.stopSignal, tenths, options.removeAtEnd ?? ""];
  const shell = spawn("/bin/sh", [...shellArguments, ...options.command], {
    cwd: options.cwd,
    env: options.env,
    stdio: ["pipe", "pipe", "pipe"],
    // A process group of its own: Ctrl-C in the terminal reaches only this process, which then stops its children in
    // order.
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
  shell.stdin.on("error", () => {}); // The pipe breaks if the shell ends first, which `ended` already reports.
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
    throw new Error(`Cannot start "${options.command[0]}": it exited immediately with code ${code}`);
  };
}
