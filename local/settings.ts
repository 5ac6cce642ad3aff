import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type Log, silent } from "./log.ts";
import { freePort, freePortNear } from "./ports.ts";

/** How a stack is to be; every field has a default. */
export interface StackOptions {
  /** The folder with `supabase/`, `import_map.json` and, when built, `console/dist`; this checkout by default. */
  projectDir?: string;
  /** Whether to run in a temporary folder on free ports, and to leave nothing behind. */
  ephemeral?: boolean;
  /** The port of the API; the database and the simulators take ports near it. Ephemeral stacks take free ones. */
  port?: number;
  /** Where to keep the data instead of the usual place. */
  dataDir?: string;
  /** Where to write the state once all runs; nowhere by default. */
  stateFile?: string;
  /** Variables for the functions that win over those of this process; an empty text stands for none. */
  env?: Record<string, string>;
  /** The version of Deno that runs the functions, as on npm; the one that runs the stack by default. */
  functionsDeno?: string;
  /** The pause between two calls of `run-jobs` in milliseconds, or false for none; 1000 by default. */
  scheduler?: number | false;
  /** Whether the functions are started again when their sources change; not by default. */
  watch?: boolean;
  /** Whether to build the console of this checkout where its sources have changed; what is built is served by default. */
  buildConsole?: boolean;
  /** Receives what the parts tell; nobody by default. */
  log?: Log;
}

/** The options with their defaults, and what follows from them. */
export interface Settings {
  projectDir: string;
  ephemeral: boolean;
  port: number;
  functionsDeno: string | undefined;
  log: Log;
  /** Reads a variable that wins over the stack's own value. */
  env(name: string): string | undefined;
  /** The variables that were given for the functions by option. */
  givenEnv: Record<string, string>;
  /** A port for Postgres: `offset` above the API's if that is free. Postgres cannot choose one itself. */
  portNear(offset: number): number;
  /** A port for a server of ours: as `portNear`, or 0 for an ephemeral stack, so that the system chooses when it listens. */
  listenNear(offset: number): number;
}

const CHECKOUT = fileURLToPath(new URL("..", import.meta.url));
const DEFAULT_PORT = 54321;

/** Fills in the defaults. */
export function settle(options: StackOptions): Settings {
  const ephemeral = options.ephemeral ?? false;
  const port = options.port ?? (ephemeral ? 0 : DEFAULT_PORT);
  const givenEnv = options.env ?? {};
  const log = options.log ?? silent;
  return {
    projectDir: resolve(options.projectDir ?? CHECKOUT),
    ephemeral,
    port,
    functionsDeno: options.functionsDeno,
    log,
    env: (name) => (givenEnv[name] ?? Deno.env.get(name)) || undefined,
    givenEnv,
    portNear: (offset) => port === 0 ? freePort() : tellingPortNear(port + offset, log),
    listenNear: (offset) => port === 0 ? 0 : tellingPortNear(port + offset, log),
  };
}

const HIGHEST_PORT = 65535;

function tellingPortNear(wanted: number, log: Log): number {
  const port = wanted > HIGHEST_PORT ? freePort() : freePortNear(wanted);
  if (port !== wanted) log(`Port ${wanted} is taken by another program: using ${port} in its place`);
  return port;
}
