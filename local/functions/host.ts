/**
 * Serves the Edge Functions of a project as Edge Runtime does on the platform: a request to `/<name>/…` calls the
 * `default.fetch` of `<name>/index.ts`, or of the bundle `<name>/index.js`, in the first folder that has it. The first
 * request imports the module.
 *
 * Runs as a separate process with the permissions and environment of a function. It must also run on Deno 2.1.4, the
 * version in Edge Runtime, so it imports only `callers.ts` from the stack and uses no newer API.
 *
 * Takes the allowed callers as JSON and the folders of the functions. Listens on a free port and prints `functions host ready on <port>`.
 */
import { type AllowedCallers, refuse } from "../callers.ts";

const [callersJson, ...folders] = Deno.args;
if (callersJson === undefined || folders.length === 0) throw new Error("Usage: host.ts CALLERS FOLDER ...");
const callers = JSON.parse(callersJson) as AllowedCallers;

type Handler = (request: Request) => Response | Promise<Response>;

const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]*$/;
const loaded = new Map<string, Promise<Handler | undefined>>();
const inBackground = new Set<Promise<unknown>>();

Object.assign(globalThis, {
  EdgeRuntime: {
    waitUntil(work: Promise<unknown>) {
      const watched = work.catch((error: unknown) => console.error("EdgeRuntime.waitUntil failed:", error));
      inBackground.add(watched);
      watched.finally(() => inBackground.delete(watched));
    },
  },
});

Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ port }) => console.log(`functions host ready on ${port}`),
}, async (request) => {
  const refused = refuse(request, callers);
  if (refused !== null) return refused;
  const name = new URL(request.url).pathname.split("/")[1] ?? "";
  let handler: Handler | undefined;
  try {
    handler = await handlerOf(name);
  } catch (error) {
    console.error(`Cannot boot the function "${name}":`, error);
    return Response.json({ code: "BOOT_ERROR", message: "Function failed to start (please check logs)" }, {
      status: 503,
    });
  }
  if (!handler) {
    return Response.json({ code: "NOT_FOUND", message: "Requested function was not found" }, { status: 404 });
  }
  try {
    return await handler(request);
  } catch (error) {
    console.error(`The function "${name}" threw:`, error);
    const message = "Function exited due to an error (please check logs)";
    return Response.json({ code: "WORKER_ERROR", message }, { status: 500 });
  }
});

function handlerOf(name: string): Promise<Handler | undefined> {
  const known = loaded.get(name);
  if (known) return known;
  const loading = load(name);
  loaded.set(name, loading);
  // The next request tries again to load a function that was missing or failed to start.
  loading.then((handler) => handler ?? loaded.delete(name), () => loaded.delete(name));
  return loading;
}

async function load(name: string): Promise<Handler | undefined> {
  if (!NAME.test(name)) return undefined;
  const file = await entryPointOf(name);
  if (file === undefined) return undefined;
  const url = new URL(`file://${file.split("/").map(encodeURIComponent).join("/")}`);
  const module = await import(url.href) as { default?: { fetch?: Handler } };
  const handler = module.default?.fetch;
  if (typeof handler !== "function") {
    throw new Error(`Cannot serve "${name}": it has no "export default { fetch }"`);
  }
  return handler;
}

async function entryPointOf(name: string): Promise<string | undefined> {
  for (const file of folders.flatMap((folder) => [`${folder}/${name}/index.ts`, `${folder}/${name}/index.js`])) {
    try {
      await Deno.lstat(file);
      return file;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return undefined;
}
