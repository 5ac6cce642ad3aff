// `deno task bench`: measures the time that importing each function adds to a cold start, from its sources and from its
// bundle, compared with the complete Twilio SDK. Compare the ratios; absolute times depend on the machine.
import { fileURLToPath, pathToFileURL } from "node:url";
import { type Bundle, bundleFunctions } from "../local/bundle/bundle.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const RUNS = 7;

const SDK = "twilio, complete SDK";
const bundled = (name: string) => `${name}, bundle`;

function subjects(bundles: readonly Bundle[]): [name: string, module: string | null][] {
  return [
    ["nothing", null],
    ...bundles.flatMap(({ name, path }): [string, string][] => [
      [name, `./supabase/functions/${name}/index.ts`],
      [bundled(name), pathToFileURL(path).href],
    ]),
    [SDK, "twilio"],
  ];
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
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return performance.now() - began;
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

const folder = await Deno.makeTempDir({ prefix: "switchboard-bundles-" });
const bundles = await bundleFunctions(folder);
const all = subjects(bundles);
const times = new Map(all.map(([name]) => [name, [] as number[]]));
// Each round measures every subject once, so that a slow phase of the machine affects all of them alike.
for (let run = 0; run <= RUNS; run++) {
  for (const [name, module] of all) {
    const time = await coldStart(module);
    if (run > 0) times.get(name)?.push(time); // The first round fills the caches.
  }
}
await Deno.remove(folder, { recursive: true });
const base = median(times.get("nothing") ?? []);
const cost = (name: string) => median(times.get(name) ?? []) - base;
const ratio = (name: string) => (cost(name) / cost(SDK)).toFixed(2).padStart(8);
console.log(
  `Import cost over an empty process (${base.toFixed(0)} ms), median of ${RUNS} runs; ${SDK}: ${
    cost(SDK).toFixed(0)
  } ms, 1.00`,
);
console.log(`${"function".padEnd(24)}  sources   bundle    bytes of the bundle`);
for (const { name, bytes } of bundles) {
  console.log(
    `${name.padEnd(24)} ${ratio(name)} ${ratio(bundled(name))}    ${bytes.toLocaleString("en").padStart(9)}`,
  );
}
