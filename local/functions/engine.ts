import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleFunctions } from "../bundle/bundle.ts";
import type { AllowedCallers } from "../callers.ts";
import { copy, fileExists } from "../files.ts";
import type { Log } from "../log.ts";
import { denoEnvironment } from "./deno-environment.ts";

/** The command that runs the functions host, with its folder and environment. */
export interface Engine {
  /** The working directory. */
  folder: string;
  /** The variables that Deno itself needs. */
  env: Record<string, string>;
  /** The program and its arguments. */
  command: readonly string[];
  dispose(): Promise<void>;
}

const HOST_FILE = fileURLToPath(new URL("./host.ts", import.meta.url));
const CALLERS_FILE = fileURLToPath(new URL("../callers.ts", import.meta.url));
const CHECKOUT = fileURLToPath(new URL("../..", import.meta.url));

/**
 * A variable that names a folder of `bundleFunctions`. The tests bundle the functions once and start many stacks, each of which
 * would take four seconds of processor time for the same bundles.
 */
export const BUNDLES = "SWITCHBOARD_BUNDLES";

export interface EngineOptions {
  projectDir: string;
  moreFolders: readonly string[];
  denoVersion: string | undefined;
  callers: AllowedCallers;
  log: Log;
}

/**
 * Returns the engine for the functions of a project: the running Deno with their sources, or the version `denoVersion`
 * from npm with their bundles.
 */
export async function engineFor(
  { projectDir, moreFolders, denoVersion, callers, log }: EngineOptions,
): Promise<Engine> {
  const isCheckout = projectDir === resolve(CHECKOUT);
  if (denoVersion === undefined) return ownEngine(projectDir, isCheckout, moreFolders, callers);
  if (!isCheckout) throw new Error(`Cannot bundle the functions of "${projectDir}": only those of ${CHECKOUT} can be`);
  return await deployedEngine(await denoProgram(denoVersion, log), moreFolders, callers);
}

function ownEngine(
  projectDir: string,
  isCheckout: boolean,
  moreFolders: readonly string[],
  callers: AllowedCallers,
): Engine {
  const functions = join(projectDir, "supabase", "functions");
  return {
    folder: projectDir,
    env: denoEnvironment(),
    command: [
      Deno.execPath(),
      "run",
      // Deno finds the deno.json beside host.ts, which belongs to the checkout. Another project needs its own import
      // map.
      ...(isCheckout ? [] : standAlone(projectDir)),
      ...permissions([functions, ...moreFolders, join(projectDir, "node_modules")]),
      HOST_FILE,
      JSON.stringify(callers),
      functions,
      ...moreFolders,
    ],
    dispose: () => Promise.resolve(),
  };
}

/**
 * Runs what `deno task functions:deploy` deploys: one file per function, which needs no lock file and no packages. Further
 * folders are run from copies of their sources, with the packages of the import map.
 */
async function deployedEngine(
  program: string,
  moreFolders: readonly string[],
  callers: AllowedCallers,
): Promise<Engine> {
  const folder = await Deno.makeTempDir({ prefix: "switchboard-functions-" });
  const functions = join(folder, "supabase", "functions");
  const bundled = Deno.env.get(BUNDLES);
  await Deno.mkdir(functions, { recursive: true });
  if (bundled === undefined) await bundleFunctions(functions);
  else await copy(`${bundled}/.`, functions);
  const more = moreFolders.map((_, index) => join(folder, `functions-${index + 1}`));
  for (const [index, source] of moreFolders.entries()) await copy(source, more[index]!);
  await Deno.copyFile(join(CHECKOUT, "import_map.json"), join(folder, "import_map.json"));
  const host = join(folder, "local", "functions", "host.ts");
  await Deno.mkdir(dirname(host), { recursive: true });
  await Deno.copyFile(HOST_FILE, host);
  await Deno.copyFile(CALLERS_FILE, join(folder, "local", "callers.ts"));
  return {
    folder,
    env: denoEnvironment(),
    command: [
      program,
      "run",
      ...(more.length === 0 ? ["--no-config", "--no-lock", "--no-npm", "--no-remote"] : standAlone(folder)),
      ...permissions([functions, ...more]),
      host,
      JSON.stringify(callers),
      functions,
      ...more,
    ],
    dispose: () => Deno.remove(folder, { recursive: true }),
  };
}

function standAlone(folder: string): string[] {
  return ["--no-config", "--no-lock", "--node-modules-dir=none", `--import-map=${join(folder, "import_map.json")}`];
}

/**
 * Grants what the platform grants to a function: the network, its own files and its own variables. The process
 * environment limits the variables, not `--allow-env=LIST`: with a list, Deno throws for a variable that is not listed,
 * but the platform returns undefined.
 */
function permissions(readable: string[]): string[] {
  const paths = readable.map((path) => path.replaceAll(",", ",,")).join(",");
  return ["--no-prompt", "--allow-net", "--allow-env", `--allow-read=${paths}`];
}

/** Returns the path of the executable of Deno `version`. npm downloads it on first use. */
export async function denoProgram(version: string, log: Log): Promise<string> {
  log(`Locating Deno ${version}: npm downloads it on first use (about 50 MB)`);
  const command = new Deno.Command("npx", {
    args: ["-y", `deno@${version}`, "eval", "console.log(Deno.execPath())"],
    cwd: "/",
    stdin: "null",
    env: { NO_COLOR: "1" },
  });
  const { success, stdout, stderr } = await command.output();
  const path = new TextDecoder().decode(stdout).trim();
  if (success && await fileExists(path)) return path;
  throw new Error(`Cannot get Deno ${version} from npm: ${new TextDecoder().decode(stderr).trim()}`);
}
