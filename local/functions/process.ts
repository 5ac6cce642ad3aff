import type { Log } from "../log.ts";
import { startTethered, type Tethered } from "../tethered-process.ts";
import { type Engine, engineFor } from "./engine.ts";

export interface FunctionsOptions {
  projectDir: string;
  /** The whole environment that the functions see. */
  env: Record<string, string>;
  /** The version of Deno to run them with; the one that runs the stack where it is undefined. */
  denoVersion: string | undefined;
  log: Log;
}

/** The process that serves the functions. Where it ends unasked, it is started again. */
export interface Functions {
  /** Hands `request` on to `path`, as in `/<name>/…`, with `headers` for its own; waits while the process is being started. */
  fetch(path: string, request: Request, headers: Headers): Promise<Response>;
  /** The process id of the process that serves now. */
  pid(): number;
  /** Sends the process a signal. It is started again when it ends. */
  kill(signal: Deno.Signal): void;
  /** Stops the process and resolves when its successor serves. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

const READY = /^functions host ready on (\d+)$/;
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 5_000;
/** A process that has served this long has its pauses forgotten. */
const SOUND_AFTER = 10_000;

/** Starts the process and resolves when it serves. */
export async function startFunctions(options: FunctionsOptions): Promise<Functions> {
  const engine = await engineFor(options.projectDir, options.denoVersion, options.log);
  let stopping = false;
  let pause = FIRST_PAUSE;
  let current = launch(engine, options);
  let process = await current;
  // Each request on a connection of its own: a kept one may be closing just then, and the request would be lost with it.
  const client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  watch(process);

  function watch(watched: Running): void {
    const started = Date.now();
    watched.ended.then(async (code) => {
      if (stopping || watched.expected) return;
      if (Date.now() - started > SOUND_AFTER) pause = FIRST_PAUSE;
      options.log(`functions: the process ended with code ${code}; starting it again`);
      current = wait(pause).then(() => relaunch());
      pause = Math.min(pause * 2, LONGEST_PAUSE);
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
        pause = Math.min(pause * 2, LONGEST_PAUSE);
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
  /** Whether its end was asked for. */
  expected: boolean;
}

async function launch(engine: Engine, { env, log }: FunctionsOptions): Promise<Running> {
  const ready = Promise.withResolvers<{ port: string }>();
  const process = await startTethered({
    command: engine.command,
    env: { ...engine.env, ...env },
    cwd: engine.folder,
    stopSignal: "TERM",
    patienceSeconds: 3,
    onLine(line) {
      const port = READY.exec(line)?.[1];
      if (port !== undefined) ready.resolve({ port });
      else log(`functions: ${line}`);
    },
  });
  const outcome = await Promise.race([ready.promise, process.ended]);
  if (typeof outcome === "number") {
    throw new Error(`Cannot start the functions: the process ended with code ${outcome}`);
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
  headers.set("accept-encoding", "identity"); // Passed on as it is: decoded here it would no longer match its headers.
  const init: RequestInit & { client: Deno.HttpClient } = { client, method, headers, redirect: "manual" };
  return await fetch(url, { ...init, ...(body && { body }) });
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
