/**
 * Runs esbuild over a copy of the functions. A process of its own, because esbuild is downloaded on first use and runs a
 * process beside it, which no stack should do that bundles nothing.
 *
 * Takes the folder of the copy, the folder of the packages and the folder of the output, then the names of the functions.
 */
import { builtinModules } from "node:module";
import { join } from "node:path";
import { build, type Plugin, stop } from "esbuild";

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
    // The same files of a package that Deno chooses.
    conditions: ["deno", "node"],
    nodePaths: [packages],
    plugins: [builtinModulesAsImports, accountWithoutResources],
    logLevel: "error",
  });
} finally {
  await stop();
}
