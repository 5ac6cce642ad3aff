import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type AllowedCallers, allowedCallers } from "./callers.ts";
import { type Log, silent } from "./log.ts";
import { freePort, freePortNear } from "./ports.ts";

/** The options of a stack. Every field has a default. */
export interface StackOptions {
  /** The folder with `supabase/`, `import_map.json` and, once built, `console/dist`. Default: this checkout. */
  projectDir?: string;
  /** Whether to run in a temporary folder on free ports and remove the folder at the end. Default: false. */
  ephemeral?: boolean;
  /**
   * The port of the API. The database and the simulators use ports near it. Default: 54321; a free port if ephemeral.
   */
  port?: number;
  /**
   * Names of this machine, besides the loopback names, under which browsers and other machines may call the stack, for
   * example through a tunnel. Default: none.
   */
  hosts?: readonly string[];
  /** The data folder. Default: `.local/data`, or a folder in `/var/lib/switchboard` under root. */
  dataDir?: string;
  /** Whether the stack is for demo data: its default data folder is then another one. Default: false. */
  demo?: boolean;
  /** Where to write the stack's state once every part runs. Default: no file. */
  stateFile?: string;
  /** Variables for the functions. They override those of this process; an empty string unsets one. */
  env?: Record<string, string>;
  /**
   * The npm version of Deno that runs the functions, from their bundles. Default: the Deno that runs the stack, from the
   * sources.
   */
  functionsDeno?: string;
  /** Folders of further functions, served beside those of the project and without `verify_jwt`. Default: none. */
  functionFolders?: readonly string[];
  /** The time between two calls of `run-jobs` for a lane in milliseconds, or false to make none. Default: 1000. */
  scheduler?: number | false;
  /** Whether Auth limits sign-ins per address, as on the platform. Default: true, false if ephemeral: tests sign up many users. */
  authRateLimits?: boolean;
  /** Whether a user has to confirm the address of a sign-up, by the link at `/_sim/mail`. Default: false. */
  confirmEmails?: boolean;
  /** Whether to restart the functions when their sources change. Default: false. */
  watch?: boolean;
  /** Whether to rebuild the console of this checkout if its sources changed. Default: false, serve the last build. */
  buildConsole?: boolean;
  /** Receives the log lines of all parts. Default: discarded. */
  log?: Log;
}

/** The options with defaults applied, and values derived from them. */
export interface Settings {
  projectDir: string;
  ephemeral: boolean;
  demo: boolean;
  port: number;
  functionsDeno: string | undefined;
  functionFolders: readonly string[];
  /** Whose requests the servers of the stack answer. */
  callers: AllowedCallers;
  /** Whose requests the functions answer: also those to the host of `PUBLIC_BASE_URL`, where Twilio calls them. */
  functionCallers: AllowedCallers;
  log: Log;
  /** Reads a variable from the `env` option, else from the environment. It overrides the stack's own value. */
  env(name: string): string | undefined;
  /** The `env` option. */
  givenEnv: Record<string, string>;
  /**
   * Returns the API port plus `offset` if that is free, else any free port. For Postgres, which cannot listen on port
   * 0.
   */
  portNear(offset: number): number;
  /** Like `portNear`, but 0 for an ephemeral stack: the kernel then assigns a port when the server listens. */
  listenNear(offset: number): number;
}

const CHECKOUT = fileURLToPath(new URL("..", import.meta.url));
const DEFAULT_PORT = 54321;

/** Applies the defaults. */
export function resolveOptions(options: StackOptions): Settings {
  const ephemeral = options.ephemeral ?? false;
  const port = options.port ?? (ephemeral ? 0 : DEFAULT_PORT);
  const givenEnv = options.env ?? {};
  const log = options.log ?? silent;
  const env: Settings["env"] = (name) => (givenEnv[name] ?? Deno.env.get(name)) || undefined;
  const hosts = options.hosts ?? [];
  const publicUrl = URL.parse(env("PUBLIC_BASE_URL") ?? "");
  return {
    projectDir: resolve(options.projectDir ?? CHECKOUT),
    ephemeral,
    demo: options.demo ?? false,
    port,
    functionsDeno: options.functionsDeno,
    functionFolders: (options.functionFolders ?? []).map((folder) => resolve(folder)),
    callers: allowedCallers(hosts, env("ALLOWED_ORIGINS")),
    functionCallers: allowedCallers(
      publicUrl?.hostname ? [...hosts, publicUrl.hostname] : hosts,
      env("ALLOWED_ORIGINS"),
    ),
    log,
    env,
    givenEnv,
    portNear: (offset) => port === 0 ? freePort() : chooseLoggedPort(port + offset, log),
    listenNear: (offset) => port === 0 ? 0 : chooseLoggedPort(port + offset, log),
  };
}

const HIGHEST_PORT = 65535;

function chooseLoggedPort(wanted: number, log: Log): number {
  const port = wanted > HIGHEST_PORT ? freePort() : freePortNear(wanted);
  if (port !== wanted) log(`Port ${wanted} is in use by another program: using ${port} instead`);
  return port;
}
