import { createHash } from "node:crypto";
import { readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { connectSources } from "./csp.ts";

/** Receives one line of progress. */
export type Log = (line: string) => void;

const CONSOLE = fileURLToPath(new URL(".", import.meta.url));
const ROOT = fileURLToPath(new URL("..", import.meta.url));
const DIST = join(CONSOLE, "dist");
/** The file in `dist` that holds the fingerprint of the sources it was built from, then the origins it may connect to. */
const STAMP = ".built-from";

/** The inputs of a build below `console/`. The import map and the client are inputs too. */
const SOURCES = [
  "csp.ts",
  "index.html",
  "mantine-styles.ts",
  "public",
  "sizes.ts",
  "src",
  "supabase-in-part.ts",
  "vite.config.ts",
];
/** The typed client, which the console bundles. */
const CLIENT = join(ROOT, "client", "switchboard.ts");

/**
 * Builds the console unless `console/dist` is up to date with its sources. Several processes may call this at once.
 * @param sources the origins that the console may connect to besides its own; by default those of the last build, so that
 *   `task start` keeps a build for a hosted project
 * @returns the folder to serve
 * @throws Error with the bundler's output
 */
export async function ensureConsoleBuilt(log: Log, sources?: readonly string[]): Promise<string> {
  const built = await builtFrom();
  const connectTo = sources ?? built?.split(" ").slice(1) ?? [];
  const wanted = [await fingerprint(), ...connectTo].join(" ");
  if (built === wanted) return DIST;
  log(
    built === null
      ? "First run: downloading and building the console, which can take a minute"
      : "Rebuilding the console: its sources or the project's URL have changed",
  );
  const fresh = join(ROOT, "node_modules", `.console-${crypto.randomUUID()}`);
  try {
    await bundle(fresh, connectTo);
    await writeFile(join(fresh, STAMP), wanted);
    await replaceDist(fresh, wanted);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  return DIST;
}

function builtFrom(): Promise<string | null> {
  return readFile(join(DIST, STAMP), "utf8").catch(() => null);
}

/** Bundles in a separate process: a process that only serves the result does not load or download Vite and React. */
async function bundle(folder: string, sources: readonly string[]): Promise<void> {
  // Vite resolves packages from node_modules only, so install them first.
  await run(["install", "--entrypoint", "src/main.tsx", "vite.config.ts"]);
  const build = ["run", "--allow-all", await viteSpecifier(), "build", "--logLevel", "warn", "--outDir", folder];
  await run(build, { CONSOLE_CONNECT_SOURCES: sources.join(" ") });
}

/** Replaces `dist` with a finished build, so that a partial build is never served. */
async function replaceDist(fresh: string, wanted: string): Promise<void> {
  await rm(DIST, { recursive: true, force: true });
  try {
    await rename(fresh, DIST);
  } catch (error) {
    // Another process may have put its own build there in the meantime. The same fingerprint means the same content.
    if (await builtFrom() !== wanted) throw error;
  }
}

async function run(args: string[], env: Record<string, string> = {}): Promise<void> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: CONSOLE,
    env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", NODE_ENV: "production", ...env },
    stdin: "null",
  }).output();
  if (code === 0) return;
  const output = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes).trim()).filter(Boolean).join("\n");
  throw new Error(`Cannot build the console: deno ${args[0]} ended with code ${code}\n${output}`);
}

/** The pinned version of Vite, from the import map. */
async function viteSpecifier(): Promise<string> {
  const { imports } = JSON.parse(await readFile(join(ROOT, "import_map.json"), "utf8")) as {
    imports: Record<string, string>;
  };
  const specifier = imports["vite"];
  if (specifier === undefined) throw new Error('Cannot build the console: "import_map.json" does not name "vite"');
  return specifier;
}

/** SHA-256 over the names and contents of everything that goes into a build. */
async function fingerprint(): Promise<string> {
  const hash = createHash("sha256");
  for (const file of [join(ROOT, "import_map.json"), CLIENT, ...await sourceFiles()]) {
    const content = await readFile(file);
    hash.update(`${relative(ROOT, file).split(sep).join("/")}\n${content.length}\n`).update(content);
  }
  return hash.digest("hex");
}

async function sourceFiles(): Promise<string[]> {
  const entries = await readdir(CONSOLE, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => SOURCES.includes(relative(CONSOLE, file).split(sep)[0]!))
    .filter((file) => !/\.test\.tsx?$/.test(file))
    .sort();
}

const USAGE = `Usage: deno task console:build [--supabase-url URL]

  --supabase-url URL  the URL of the hosted project, the only origin that the console may connect to besides its own`;

if (import.meta.main) {
  try {
    const { values } = parseArgs({
      options: { "supabase-url": { type: "string" }, help: { type: "boolean", short: "h" } },
    });
    if (values.help) {
      console.log(USAGE);
    } else {
      const url = values["supabase-url"];
      const sources = connectSources(url === undefined ? [] : [url]);
      const folder = await ensureConsoleBuilt(console.log, sources);
      const targets = ["its own origin", ...sources].join(" and ");
      console.log(`The console is built in ${relative(Deno.cwd(), folder) || folder} and connects to ${targets} only`);
    }
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(1);
  }
}
