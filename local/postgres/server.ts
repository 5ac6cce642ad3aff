import { join } from "node:path";
import { fileExists } from "../files.ts";
import type { Log } from "../log.ts";
import { freePort } from "../ports.ts";
import { startTethered, type Tethered } from "../tethered-process.ts";
import type { Account } from "./account.ts";
import type { Cluster } from "./cluster.ts";
import type { Distribution } from "./distribution.ts";

export interface ServerOptions {
  cluster: Cluster;
  distribution: Distribution;
  account: Account | undefined;
  port: number;
  /** Whether commits survive a power failure. A temporary database is faster without it. */
  durable: boolean;
  /** A folder to remove after the server was stopped. */
  removeAtEnd?: string;
  /** Receives the superuser connection string when the port is bound, before the server is ready. */
  onListening?: (url: string) => void;
  log: Log;
}

export interface Server {
  /** The superuser connection string of the database `postgres`. */
  url: string;
  pid: number;
  /** Resolves with the exit code when the server has ended. */
  ended: Promise<number>;
  stop(): Promise<void>;
}

/** Another program listens on the port for Postgres. */
export class PostgresPortTakenError extends Error {
  override readonly name = "PostgresPortTakenError";
}

const LISTENING = "listening on IPv4 address";
const READY = "database system is ready to accept connections";
const LOGGED = /\b(FATAL|PANIC):/;
/** Postgres writes these at every normal stop, and at every start while clients already connect. */
const IGNORED =
  /terminating connection due to administrator command|the database system is (starting up|shutting down)/;

/** Another program can take a free port before Postgres binds it, but hardly this many times in a row. */
const MAX_PORTS = 5;

/** Starts Postgres on `port` of 127.0.0.1, or on a free port if another program has taken `port`. */
export async function startServerNear(options: ServerOptions): Promise<Server> {
  let { port } = options;
  for (let tried = 1;; tried++) {
    try {
      return await startServer({ ...options, port });
    } catch (error) {
      if (!(error instanceof PostgresPortTakenError) || tried === MAX_PORTS) throw error;
      options.log(`Port ${port} is in use by another program: trying another port for Postgres`);
      port = freePort();
    }
  }
}

/**
 * Starts Postgres on 127.0.0.1 and resolves when it accepts connections.
 * @throws PostgresPortTakenError if another program listens on the port
 */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { cluster, distribution, port, log } = options;
  const url = serverUrl(port, cluster.password);
  await clearStalePidFile(cluster);
  const lastLines: string[] = [];
  const ready = Promise.withResolvers<"ready">();
  const server = await startTethered({
    command: [distribution.postgres, "-D", cluster.data, "-p", String(port), ...settings(options.durable)],
    env: { LC_ALL: "C", TZ: "UTC" },
    cwd: "/",
    stopSignal: "INT", // Fast shutdown: Postgres ends the open sessions instead of waiting for them.
    graceSeconds: 20,
    ...(options.account && { user: options.account }),
    ...(options.removeAtEnd !== undefined && { removeAtEnd: options.removeAtEnd }),
    onLine(line) {
      lastLines.push(line);
      if (lastLines.length > 10) lastLines.shift();
      if (line.includes(LISTENING)) options.onListening?.(url);
      if (line.includes(READY)) ready.resolve("ready");
      if (LOGGED.test(line) && !IGNORED.test(line)) log(`postgres: ${line}`);
    },
  });
  const outcome = await Promise.race([ready.promise, server.ended]);
  if (outcome !== "ready") {
    const message = `Cannot start Postgres on port ${port}: it exited with code ${outcome}: ${lastLines.join(" | ")}`;
    throw message.includes("Address already in use") ? new PostgresPortTakenError(message) : new Error(message);
  }
  return asServer(server, url);
}

/** Returns the superuser connection string of a server on `port`. */
export function serverUrl(port: number, password: string): string {
  return `postgresql://postgres:${password}@127.0.0.1:${port}/postgres`;
}

function asServer({ pid, ended, stop }: Tethered, url: string): Server {
  return { url, pid, ended, stop };
}

function settings(durable: boolean): string[] {
  const values = {
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    max_connections: "80",
    shared_buffers: "64MB",
    min_wal_size: "8MB",
    timezone: "UTC",
    ...(!durable && { fsync: "off", synchronous_commit: "off", full_page_writes: "off" }),
  };
  return Object.entries(values).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}

/**
 * Waits until a previous server on the data folder has ended, and removes `postmaster.pid` if the server left it
 * behind.
 *
 * Postgres itself only checks whether a process with the id in the file exists. In a container or after a reboot, that
 * id may belong to another program.
 */
async function clearStalePidFile(cluster: Cluster): Promise<void> {
  const file = join(cluster.data, "postmaster.pid");
  const deadline = Date.now() + 15_000;
  while (await fileExists(file)) {
    const pid = (await Deno.readTextFile(file)).split("\n")[0] ?? "";
    if (!(await commandOf(pid)).includes(cluster.data)) return await Deno.remove(file).catch(unlessGone);
    if (Date.now() > deadline) {
      throw new Error(`Cannot open the database in "${cluster.data}": process ${pid} uses it; stop that process`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function unlessGone(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

/**
 * Returns the command line of a process, or "" if it does not exist. Minimal Linux images lack `ps`, macOS lacks
 * `/proc`.
 */
async function commandOf(pid: string): Promise<string> {
  if (Deno.build.os === "linux") return await Deno.readTextFile(`/proc/${pid}/cmdline`).catch(() => "");
  const ps = new Deno.Command("ps", { args: ["-ww", "-p", pid, "-o", "command="], stdin: "null" });
  return new TextDecoder().decode((await ps.output()).stdout);
}
