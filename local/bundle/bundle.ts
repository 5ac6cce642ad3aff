import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { copy } from "../files.ts";

/** One function as a single file. */
export interface Bundle {
  name: string;
  /** The file, which a deployment starts from. */
  path: string;
  bytes: number;
}

/** The most that a bundle may have: beyond it, a cold start takes noticeably longer. */
export const MOST_BYTES = 1024 * 1024;

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const FUNCTIONS = join(ROOT, "supabase", "functions");
const BUILD = fileURLToPath(new URL("./build.ts", import.meta.url));

/**
 * Bundles each function with everything that it imports into `<outDir>/<name>/index.js`: one minified ES module without
 * imports other than `node:` built-ins, which runs on Edge Runtime. Modules that a function imports dynamically are in the
 * same file, and run on first use.
 * @throws Error with the messages of esbuild or of the package manager
 */
export async function bundleFunctions(outDir: string): Promise<Bundle[]> {
  const names = await functionNames();
  const entries = names.map((name) => join(FUNCTIONS, name, "index.ts"));
  // esbuild finds packages in node_modules only, which are not there in a fresh clone.
  await runDeno(["install", "--quiet", "--entrypoint", ...entries]);
  const sources = await copySources();
  try {
    await runDeno(["run", "--quiet", "--allow-all", BUILD, sources, join(ROOT, "node_modules"), outDir, ...names]);
  } finally {
    await Deno.remove(sources, { recursive: true });
  }
  return await Promise.all(names.map(async (name) => {
    const path = join(outDir, name, "index.js");
    return { name, path, bytes: (await Deno.stat(path)).size };
  }));
}

/** The names of all functions, sorted. */
async function functionNames(): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(FUNCTIONS));
  return entries.filter(({ isDirectory, name }) => isDirectory && !name.startsWith("_")).map(({ name }) => name).sort();
}

/**
 * Copies the functions into a folder whose package.json says that they are ES modules. Without it esbuild takes a default
 * import of a CommonJS file for its `exports.default`, where Deno and Node.js take its `module.exports`.
 */
async function copySources(): Promise<string> {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "switchboard-bundle-" }));
  await copy(`${FUNCTIONS}/.`, folder);
  await Deno.writeTextFile(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  return folder;
}

async function runDeno(args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
    stdin: "null",
    stdout: "null",
  }).output();
  if (!success) throw new Error(`Cannot bundle the functions: ${new TextDecoder().decode(stderr).trim()}`);
}
