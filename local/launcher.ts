/**
 * Stops a command when the `npx` that launched it ends.
 *
 * `npx -y deno … task start` is a chain of processes: npx, a shell, `deno task`, and this one. When npx receives
 * SIGTERM, it ends itself and its shell but does not forward the signal: `deno task` and this process would keep
 * running.
 */

/**
 * The processes from this one up to npx, each with its parent. A changed parent means that a process in between ended.
 */
interface Chain {
  links: { pid: number; parent: number }[];
}

const POLL_MS = 500;
/** npm sets the first form as its title; before that it is Node.js with the path of npx. */
const LAUNCHER = /^(npm exec|npx)\b|^\S*\bnode\b.*\bnpx(-cli\.js)?\b/;
/** Bounds the search for npx. The longest known chain is npx, shell, Node.js shim, `deno task`. */
const MAX_LINKS = 8;

/** Calls `ended` once when the npx that launched this process has ended. Does nothing if no npx launched it. */
export async function whenLauncherEnds(ended: () => void): Promise<void> {
  const chain = await chainToNpx();
  if (chain === null) return;
  const look = () =>
    Deno.unrefTimer(setTimeout(async () => {
      if (await isWhole(chain)) look();
      else ended();
    }, POLL_MS));
  look();
}

async function chainToNpx(): Promise<Chain | null> {
  const links: Chain["links"] = [];
  for (let pid = Deno.pid; links.length < MAX_LINKS;) {
    const parent = await parentOf(pid);
    if (parent === null || parent.pid <= 1) return null;
    links.push({ pid, parent: parent.pid });
    if (LAUNCHER.test(parent.command)) return { links };
    pid = parent.pid;
  }
  return null;
}

/** The kernel assigns a new parent to a process whose parent ended. */
async function isWhole({ links }: Chain): Promise<boolean> {
  for (const { pid, parent } of links) {
    if ((await parentOf(pid))?.pid !== parent) return false;
  }
  return true;
}

/** Returns the parent of a process with its command line, or null if the process has ended. macOS has no `/proc`. */
async function parentOf(pid: number): Promise<{ pid: number; command: string } | null> {
  return Deno.build.os === "linux" ? await fromProc(pid) : await fromPs(pid);
}

async function fromProc(pid: number): Promise<{ pid: number; command: string } | null> {
  try {
    const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
    // Fields: pid (name) state parent … The name can contain spaces and parentheses, so search for the last ")".
    const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    const command = await Deno.readTextFile(`/proc/${parent}/cmdline`).catch(() => "");
    return { pid: parent, command: command.replaceAll("\0", " ").trim() };
  } catch (error) {
    if (isGone(error)) return null;
    throw error;
  }
}

/** A process may end between the opening and the reading of its file: that is ESRCH. */
function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || (error instanceof Error && "code" in error && error.code === "ESRCH");
}

async function fromPs(pid: number): Promise<{ pid: number; command: string } | null> {
  const field = async (of: number, name: string) => {
    const ps = new Deno.Command("ps", { args: ["-ww", "-p", String(of), "-o", `${name}=`], stdin: "null" });
    return new TextDecoder().decode((await ps.output()).stdout).trim();
  };
  const parent = Number(await field(pid, "ppid"));
  return parent > 0 ? { pid: parent, command: await field(parent, "args") } : null;
}
