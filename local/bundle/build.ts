/**
 * Runs esbuild over a copy of the functions. A process of its own, because esbuild is downloaded on first use and runs a
 * process beside it, which no stack should do that bundles nothing.
 *
 * Takes the folder of the copy, the folder of the packages and the folder of the output, then the names of the functions.
 */
import { join } from "node:path";
import { build, type Plugin, stop } from "esbuild";

/**
 * Leaves out what functions do not use of Twilio's SDK. The file of the accounts requires every resource below an account,
 * which is 400 KB: the type `Accounts` of `_shared/twilio/client.ts` does not have them. Each resource requires `util` to print
 * itself in Node.js, and `node:util` takes 6 ms to load: a resource that is printed shows its plain values instead.
 */
const twilioInPart: Plugin = {
  name: "Twilio's SDK in part",
  setup({ onResolve, onLoad }) {
    onResolve(
      { filter: /^\.\/account\// },
      ({ path, importer }) =>
        importer.endsWith("/twilio/lib/rest/api/v2010/account.js") ? { path, namespace: "left-out" } : undefined,
    );
    onLoad({ filter: /.*/, namespace: "left-out" }, () => ({ contents: "" }));
    onResolve(
      { filter: /^util$/ },
      ({ path, importer }) => importer.includes("/twilio/lib/rest/") ? { path, namespace: "inspect" } : undefined,
    );
    onLoad({ filter: /.*/, namespace: "inspect" }, () => ({
      contents:
        `exports.inspect = (values) => values; exports.inspect.custom = Symbol.for("nodejs.util.inspect.custom")`,
    }));
  },
};

/**
 * The clients of Auth, Realtime and Storage, which supabase-js creates with every client and functions never call: 220 KB in
 * each bundle. These say what they do for a client with a key: there is no session, and nothing to subscribe to.
 */
const UNUSED_CLIENTS: Readonly<Record<string, string>> = {
  "@supabase/auth-js": `export class AuthClient {
    getSession() { return Promise.resolve({ data: { session: null }, error: null }); }
    onAuthStateChange() { return { data: { subscription: { unsubscribe() {} } } }; }
  }`,
  "@supabase/realtime-js": `export class RealtimeClient { setAuth() { return Promise.resolve(); } }`,
  "@supabase/storage-js": `export class StorageClient {} export class StorageApiError extends Error {}`,
};

const supabaseInPart: Plugin = {
  name: "supabase-js in part",
  setup({ onResolve, onLoad }) {
    onResolve(
      { filter: /^@supabase\/(auth|realtime|storage)-js$/ },
      ({ path }) => ({ path, namespace: "unused-client", sideEffects: false }),
    );
    onLoad({ filter: /.*/, namespace: "unused-client" }, ({ path }) => ({ contents: UNUSED_CLIENTS[path] ?? "" }));
  },
};

const [sources, packages, outdir, ...names] = Deno.args;
if (sources === undefined || packages === undefined || outdir === undefined) {
  throw new Error("Usage: build.ts SOURCES PACKAGES OUT FUNCTION …");
}
try {
  await build({
    entryPoints: names.map((name) => join(sources, name, "index.ts")),
    outbase: sources,
    outdir,
    bundle: true,
    minify: true,
    format: "esm",
    platform: "node",
    target: "deno2.1",
    // Without this esbuild shortens "node:querystring" to "querystring", which Deno does not find.
    supported: { "node-colon-prefix-import": true },
    // The same files of a package that Deno chooses.
    conditions: ["deno", "node"],
    nodePaths: [packages],
    plugins: [twilioInPart, supabaseInPart],
    logLevel: "error",
  });
} finally {
  await stop();
}
