import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { fileExists } from "../files.ts";
import type { Log } from "../log.ts";
import { denoEnvironment } from "./deno-environment.ts";

/** How to run the functions host: with which Deno, where, and what it may read. */
export interface Engine {
  /** The working directory. */
  folder: string;
  /** What Deno itself needs of the environment. */
  env: Record<string, string>;
  /** The program and its arguments. */
  command: readonly string[];
  dispose(): Promise<void>;
}

const HOST_FILE = fileURLToPath(new URL("./host.ts", import.meta.url));
const CHECKOUT = fileURLToPath(new URL("../..", import.meta.url));

/** Returns the engine for the functions of `projectDir`: the running Deno, or another version of it from npm. */
export async function engineFor(projectDir: string, denoVersion: string | undefined, log: Log): Promise<Engine> {
  return denoVersion === undefined ? ownEngine(projectDir) : await otherEngine(projectDir, denoVersion, log);
}

function ownEngine(projectDir: string): Engine {
  const functions = join(projectDir, "supabase", "functions");
  const isCheckout = projectDir === resolve(CHECKOUT);
  return {
    folder: projectDir,
    env: denoEnvironment(),
    command: [
      Deno.execPath(),
      "run",
      // Beside the host lies the deno.json of the checkout, with the import map and the lock. Another project has its own.
      ...(isCheckout ? [] : standAlone(projectDir)),
      ...permissions([functions, join(projectDir, "node_modules")]),
      HOST_FILE,
      functions,
    ],
    dispose: () => Promise.resolve(),
  };
}

/** Another version of Deno cannot read our lock file nor our node_modules: it works on a copy of what deploys. */
async function otherEngine(projectDir: string, version: string, log: Log): Promise<Engine> {
  const program = await denoProgram(version, log);
  const folder = await Deno.makeTempDir({ prefix: "switchboard-functions-" });
  const functions = join(folder, "supabase", "functions");
  await Deno.mkdir(join(folder, "supabase"));
  await copyFolder(join(projectDir, "supabase", "functions"), functions);
  await Deno.copyFile(join(projectDir, "import_map.json"), join(folder, "import_map.json"));
  await Deno.copyFile(HOST_FILE, join(folder, "host.ts"));
  return {
    folder,
    env: denoEnvironment(),
    command: [
      program,
      "run",
      ...standAlone(folder),
      ...permissions([functions]),
      join(folder, "host.ts"),
      functions,
    ],
    dispose: () => Deno.remove(folder, { recursive: true }),
  };
}

function standAlone(folder: string): string[] {
  return ["--no-config", "--no-lock", "--node-modules-dir=none", `--import-map=${join(folder, "import_map.json")}`];
}

/**
 * A function on the platform reaches the network, its own files and its own variables. The variables are limited by what
 * the process is given: Deno would answer a variable that is not on its list with an exception, the platform with undefined.
 */
function permissions(readable: string[]): string[] {
  const paths = readable.map((path) => path.replaceAll(",", ",,")).join(",");
  return ["--no-prompt", "--allow-net", "--allow-env", `--allow-read=${paths}`];
}

/** Returns the path of another version of Deno, which npm downloads the first time. */
export async function denoProgram(version: string, log: Log): Promise<string> {
  log(`Looking for Deno ${version}; npm downloads it the first time, about 50 MB`);
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

async function copyFolder(from: string, to: string): Promise<void> {
  const { success, stderr } = await new Deno.Command("cp", { args: ["-R", from, to], stdin: "null" }).output();
  if (!success) throw new Error(`Cannot copy "${from}": ${new TextDecoder().decode(stderr).trim()}`);
}
