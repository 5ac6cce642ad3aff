import type { AllowedCallers } from "../callers.ts";
import type { Log } from "../log.ts";
import { startTethered, type Tethered } from "../tethered-process.ts";
import { type Engine, engineFor } from "./engine.ts";

export interface FunctionsOptions {
  projectDir: string;
  /** The complete environment of the functions. */
  env: Record<string, string>;
  /** Folders of further functions, served beside those of the project. */
  moreFolders: readonly string[];
  /** The npm version of Deno that runs the functions; undefined for the Deno that runs the stack. */
  denoVersion: string | undefined;
  /** Whose requests the process answers. The gateway is one of the callers, and forwards the `Origin` of its own. */
  callers: AllowedCallers;
  log: Log;
}

/** The functions process. It is restarted if it ends unexpectedly. */
export interface Functions {
  /** Forwards `request` to `path` (`/<name>/…`) with `headers` instead of its own. Waits while the process starts. */
  fetch(path: string, request: Request, headers: Headers): Promise<Response>;
  /** Returns the id of the current process. */
  pid(): number;
  /** Sends a signal to the process. The process is restarted if the signal ends it. */
  kill(signal: Deno.Signal): void;
  /** Stops the process and resolves when a new one serves. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

const READY = /^functions host ready on (\d+)$/;
const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 5_000;
/** The pause between restarts doubles until a process has run this long. */
const HEALTHY_AFTER_MS = 10_000;

/** Starts the process and resolves when it serves. */
export async function startFunctions(options: FunctionsOptions): Promise<Functions> {
  const engine = await engineFor(options);
  let stopping = false;
  let pause = FIRST_PAUSE_MS;
  let current = launch(engine, options);
  let process = await current;
  // A new connection for each request: an idle one could close while the request is sent, and the request would be
  // lost.
  const client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  watch(process);

  function watch(watched: Running): void {
    const started = Date.now();
    watched.ended.then(async (code) => {
      if (stopping || watched.expected) return;
      if (Date.now() - started > HEALTHY_AFTER_MS) pause = FIRST_PAUSE_MS;
      options.log(`functions: the process exited with code ${code}; restarting it`);
      current = wait(pause).then(() => relaunch());
      pause = Math.min(pause * 2, MAX_PAUSE_MS);
      await current.catch((error: unknown) => options.log(`functions: ${error}`));
    });
  }

  async function relaunch(): Promise<Running> {
    for (;;) {
      try {
        process = await launch(engine, options);
        watch(process);
        return process;
      } catch (error) {
        if (stopping) throw error;
        options.log(`functions: ${error instanceof Error ? error.message : error}`);
        await wait(pause);
        pause = Math.min(pause * 2, MAX_PAUSE_MS);
      }
    }
  }

  return {
    async fetch(path, request, headers) {
      const { url } = await current;
      return await forward(`${url}${path}`, request, headers, client);
    },
    pid: () => process.pid,
    kill: (signal) => Deno.kill(process.pid, signal),
    async restart() {
      process.expected = true;
      const old = process;
      current = old.stop().then(relaunch);
      await current;
    },
    async stop() {
      stopping = true;
      await current.catch(() => {});
      await process.stop();
      client.close();
      await engine.dispose();
    },
  };
}

interface Running extends Tethered {
  url: string;
  /** Whether a restart stopped it on purpose. */
  expected: boolean;
}

async function launch(engine: Engine, { env, log }: FunctionsOptions): Promise<Running> {
  const ready = Promise.withResolvers<{ port: string }>();
  const process = await startTethered({
    command: engine.command,
    env: { ...engine.env, ...env },
    cwd: engine.folder,
    stopSignal: "TERM",
    graceSeconds: 3,
    onLine(line) {
      const port = READY.exec(line)?.[1];
      if (port !== undefined) ready.resolve({ port });
      else log(`functions: ${line}`);
    },
  });
  const outcome = await Promise.race([ready.promise, process.ended]);
  if (typeof outcome === "number") {
    throw new Error(`Cannot start the functions: the process exited with code ${outcome}`);
  }
  return { ...process, url: `http://127.0.0.1:${outcome.port}`, expected: false };
}

async function forward(
  url: string,
  { method, body }: Request,
  given: Headers,
  client: Deno.HttpClient,
): Promise<Response> {
  const headers = new Headers(given);
  headers.delete("host");
  headers.set("accept-encoding", "identity"); // fetch decodes a compressed body, which then contradicts the headers.
  const init: RequestInit & { client: Deno.HttpClient } = { client, method, headers, redirect: "manual" };
  return await fetch(url, { ...init, ...(body && { body }) });
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
