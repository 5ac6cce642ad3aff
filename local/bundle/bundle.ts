import { builtinModules } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin, stop } from "esbuild";

/** One function as a single file. */
export interface Bundle {
  name: string;
  /** The file, which a deployment starts from. */
  path: string;
  bytes: number;
}

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const FUNCTIONS = join(ROOT, "supabase", "functions");

/**
 * Bundles each function with everything that it imports into `<outDir>/<name>/index.js`: one minified ES module without
 * imports other than `node:` built-ins, which runs on Edge Runtime. Modules that a function imports dynamically are in the
 * same file, and run on first use.
 * @throws Error with the messages of esbuild or of the package manager
 */
export async function bundleFunctions(outDir: string): Promise<Bundle[]> {
  const names = await functionNames();
  await installPackages(names);
  const sources = await copySources();
  try {
    const { metafile } = await build({
      entryPoints: names.map((name) => join(sources, name, "index.ts")),
      outbase: sources,
      outdir: outDir,
      bundle: true,
      minify: true,
      format: "esm",
      platform: "node",
      target: "deno2.1",
      // The same files of a package that Deno chooses.
      conditions: ["deno", "node"],
      nodePaths: [join(ROOT, "node_modules")],
      plugins: [builtinModulesAsImports, accountWithoutResources],
      absWorkingDir: ROOT,
      metafile: true,
      logLevel: "silent",
    });
    const sizes = new Map(Object.entries(metafile.outputs).map(([path, { bytes }]) => [join(ROOT, path), bytes]));
    return names.map((name) => {
      const path = join(outDir, name, "index.js");
      return { name, path, bytes: sizes.get(path) ?? 0 };
    });
  } finally {
    await stop();
    await Deno.remove(sources, { recursive: true });
  }
}

/** The names of all functions, sorted. */
async function functionNames(): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(FUNCTIONS));
  return entries.filter(({ isDirectory, name }) => isDirectory && !name.startsWith("_")).map(({ name }) => name).sort();
}

/** esbuild finds packages in node_modules only, which are not there in a fresh clone. */
async function installPackages(names: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["install", "--quiet", "--entrypoint", ...names.map((name) => join(FUNCTIONS, name, "index.ts"))],
    cwd: ROOT,
    env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
    stdin: "null",
  }).output();
  if (!success) throw new Error(`Cannot install the packages: ${new TextDecoder().decode(stderr).trim()}`);
}

/**
 * Copies the functions into a folder whose package.json says that they are ES modules. Without it esbuild takes a default
 * import of a CommonJS file for its `exports.default`, where Deno and Node.js take its `module.exports`.
 */
async function copySources(): Promise<string> {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "switchboard-bundle-" }));
  const { success, stderr } = await new Deno.Command("cp", {
    args: ["-R", `${FUNCTIONS}/.`, folder],
    stdin: "null",
  }).output();
  if (!success) throw new Error(`Cannot copy "${FUNCTIONS}": ${new TextDecoder().decode(stderr).trim()}`);
  await Deno.writeTextFile(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  return folder;
}

/** A CommonJS file that requires a built-in module gets it from a static import: an ES module has no `require`. */
const builtinModulesAsImports: Plugin = {
  name: "built-in modules as imports",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(node:)?[a-z_/]+$/ }, ({ path, kind }) => {
      const name = path.replace(/^node:/, "");
      if (!builtinModules.includes(name)) return undefined;
      return kind === "require-call" ? { path: name, namespace: "required" } : { path: `node:${name}`, external: true };
    });
    onLoad({ filter: /.*/, namespace: "required" }, ({ path }) => ({
      contents: `module.exports = require("imported:${path}").default`,
    }));
    onResolve(
      { filter: /^imported:/ },
      ({ path }) => ({ path: path.slice("imported:".length), namespace: "imported" }),
    );
    onLoad({ filter: /.*/, namespace: "imported" }, ({ path }) => ({
      contents: `export { default } from "node:${path}"`,
    }));
  },
};

/**
 * In Twilio's SDK the file of the accounts requires every resource below an account, which is 400 KB. Functions use none of
 * them through it: the type `Accounts` of `_shared/twilio/client.ts` does not have them.
 */
const accountWithoutResources: Plugin = {
  name: "Twilio's accounts without the resources below them",
  setup({ onResolve, onLoad }) {
    onResolve(
      { filter: /^\.\/account\// },
      ({ path, importer }) =>
        importer.endsWith("/twilio/lib/rest/api/v2010/account.js") ? { path, namespace: "left-out" } : undefined,
    );
    onLoad({ filter: /.*/, namespace: "left-out" }, () => ({ contents: "" }));
  },
};
