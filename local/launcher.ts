/**
 * Ends a command with the `npx` that launched it.
 *
 * `npx -y deno … task start` is a chain of processes: npx, a shell, `deno task`, and this one. npx that receives SIGTERM ends
 * itself and its shell, and hands nothing on: `deno task` and this process would live on without anybody to stop them.
 */

/** The processes from this one up to the npx that launched it, and the parent that each of them has while npx lives. */
interface Chain {
  links: { pid: number; parent: number }[];
}

const POLL_MS = 500;
const LAUNCHER = /^(npm exec|npx)\b|\bnpx(-cli\.js)?\b/;
/** Launcher, shell, node shim, `deno task`: a chain is never much longer. */
const MOST_LINKS = 8;

/** Calls `ended` once when the npx that launched this process has ended. Without an npx it does nothing. */
export async function whenLauncherEnds(ended: () => void): Promise<void> {
  const chain = await chainToNpx();
  if (chain === null) return;
  const timer = setInterval(async () => {
    if (await isWhole(chain)) return;
    clearInterval(timer);
    ended();
  }, POLL_MS);
  Deno.unrefTimer(timer);
}

async function chainToNpx(): Promise<Chain | null> {
  const links: Chain["links"] = [];
  for (let pid = Deno.pid; links.length < MOST_LINKS;) {
    const parent = await parentOf(pid);
    if (parent === null || parent.pid <= 1) return null;
    links.push({ pid, parent: parent.pid });
    if (LAUNCHER.test(parent.command)) return { links };
    pid = parent.pid;
  }
  return null;
}

/** A process whose parent ends is given another one. */
async function isWhole({ links }: Chain): Promise<boolean> {
  for (const { pid, parent } of links) {
    if ((await parentOf(pid))?.pid !== parent) return false;
  }
  return true;
}

/** The parent of a process, with its command line; null where there is none. macOS has no `/proc`. */
async function parentOf(pid: number): Promise<{ pid: number; command: string } | null> {
  return Deno.build.os === "linux" ? await fromProc(pid) : await fromPs(pid);
}

async function fromProc(pid: number): Promise<{ pid: number; command: string } | null> {
  try {
    const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
    // The name in parentheses may hold spaces and parentheses; state and parent follow it.
    const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    const command = await Deno.readTextFile(`/proc/${parent}/cmdline`).catch(() => "");
    return { pid: parent, command: command.replaceAll("\0", " ").trim() };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

async function fromPs(pid: number): Promise<{ pid: number; command: string } | null> {
  const field = async (of: number, name: string) => {
    const ps = new Deno.Command("ps", { args: ["-ww", "-p", String(of), "-o", `${name}=`], stdin: "null" });
    return new TextDecoder().decode((await ps.output()).stdout).trim();
  };
  const parent = Number(await field(pid, "ppid"));
  return parent > 0 ? { pid: parent, command: await field(parent, "args") } : null;
}
