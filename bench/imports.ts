import { fileURLToPath } from "node:url";
import { type Bundle, bundleFunctions, MOST_BYTES } from "../local/bundle/bundle.ts";
import { interleaved, progress } from "./measure.ts";
import type { Row } from "./table.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const FUNCTIONS = `${ROOT}supabase/functions`;

const WHOLE_SDK = "twilio, the whole SDK";
const NOTHING = "nothing";
/** Goals, relative to the import of the whole Twilio SDK. */
const SEND_GOAL = 0.45;
const READING_GOAL = 0.35;
const MEGABYTE = 1024 * 1024;

/** A function with the module that is imported at its cold start. */
export interface FunctionModule {
  name: string;
  /** The path of its source, or of its bundle. */
  path: string;
}

/** The modules of all functions as they are in the checkout. */
export async function sources(): Promise<FunctionModule[]> {
  const entries = await Array.fromAsync(Deno.readDir(FUNCTIONS));
  return entries.map(({ name }) => name).filter((name) => !name.startsWith("_")).sort()
    .map((name) => ({ name, path: `${FUNCTIONS}/${name}/index.ts` }));
}

/**
 * The import cost of each function over an empty process, relative to the whole Twilio SDK, and the size of its bundle.
 * The goals hold for the bundles, which are deployed.
 */
export async function importRows(rounds: number): Promise<Row[]> {
  progress("Bundling the functions");
  const folder = await Deno.makeTempDir({ prefix: "switchboard-bundles-" });
  try {
    const bundles = await bundleFunctions(folder);
    return [
      ...await costRows("bundle", bundles, rounds),
      ...await costRows("source", await sources(), rounds),
      ...bundles.map(sizeRow),
    ];
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/**
 * Measures how long importing each module takes over an empty process, in milliseconds: the fastest of several runs, as
 * other processes can only make an import slower.
 */
export async function importCosts(
  modules: readonly (readonly [name: string, module: string])[],
  rounds: number,
): Promise<Map<string, number>> {
  const subjects = new Map<string, string | null>([[NOTHING, null], ...modules]);
  const times = await interleaved(
    `Importing ${modules.length} modules`,
    rounds,
    Object.fromEntries([...subjects].map(([name, module]) => [name, () => coldStart(module)])),
  );
  const base = Math.min(...times[NOTHING]!);
  return new Map(modules.map(([name]) => [name, Math.min(...times[name]!) - base]));
}

async function costRows(
  kind: "bundle" | "source",
  functions: readonly FunctionModule[],
  rounds: number,
): Promise<Row[]> {
  const modules = functions.map(({ name, path }) => [name, new URL(path, "file:///").href] as const);
  const costs = await importCosts([...modules, [WHOLE_SDK, "twilio"]], rounds);
  const whole = costs.get(WHOLE_SDK)!;
  return functions.map(({ name }) => {
    const goal = kind === "bundle" ? goalOf(name) : undefined;
    return {
      measure: `Import of ${name}, ${kind}, beside the whole Twilio SDK`,
      figures: `${costs.get(name)!.toFixed(0)} ms : ${whole.toFixed(0)} ms`,
      value: costs.get(name)! / whole,
      ...(goal !== undefined && { goal: { atMost: goal } }),
    };
  });
}

function goalOf(name: string): number | undefined {
  if (name === "send-sms") return SEND_GOAL;
  return name.startsWith("list-") ? READING_GOAL : undefined;
}

function sizeRow({ name, bytes }: Bundle): Row {
  return {
    measure: `Size of ${name}, bundle`,
    value: bytes / MEGABYTE,
    unit: "MB",
    goal: { atMost: MOST_BYTES / MEGABYTE },
  };
}

/** Runs a process that imports one module and does nothing else. Returns its duration in milliseconds. */
async function coldStart(module: string | null): Promise<number> {
  const began = performance.now();
  const code = module === null ? "" : `await import(${JSON.stringify(module)});`;
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", code],
    cwd: ROOT,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) {
    progress(`Cannot import "${module}"`);
    throw new Error(new TextDecoder().decode(stderr));
  }
  return performance.now() - began;
}
