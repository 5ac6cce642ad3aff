// `deno task bench`: measures the time that importing each function adds to a cold start, compared with the complete
// Twilio SDK. Compare the ratios; absolute times depend on the machine.
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const RUNS = 7;

async function subjects(): Promise<[name: string, module: string | null][]> {
  const entries = await Array.fromAsync(Deno.readDir(`${ROOT}/supabase/functions`));
  const functions = entries.map(({ name }) => name).filter((name) => !name.startsWith("_")).sort();
  return [
    ["nothing", null],
    ...functions.map((name): [string, string] => [name, `./supabase/functions/${name}/index.ts`]),
    ["twilio, complete SDK", "twilio"],
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

const all = await subjects();
const times = new Map(all.map(([name]) => [name, [] as number[]]));
// Each round measures every subject once, so that a slow phase of the machine affects all of them alike.
for (let run = 0; run <= RUNS; run++) {
  for (const [name, module] of all) {
    const time = await coldStart(module);
    if (run > 0) times.get(name)?.push(time); // The first round fills the caches.
  }
}
const base = median(times.get("nothing") ?? []);
const whole = median(times.get("twilio, complete SDK") ?? []) - base;
console.log(`Import cost over an empty process (${base.toFixed(0)} ms), median of ${RUNS} runs`);
for (const [name, values] of times) {
  const cost = median(values) - base;
  console.log(
    `${name.padEnd(24)} ${cost.toFixed(0).padStart(5)} ms   ${(cost / whole).toFixed(2).padStart(5)} × the SDK`,
  );
}
