// `deno task test:faults`: plays every story under every fault, then random histories, and prints the results as figures.
import { parseArgs } from "node:util";
import { killDuringBurst } from "./harness/burst.ts";
import { openWorlds } from "./harness/worlds.ts";
import { describeHistories, runHistories } from "./histories/run.ts";
import { describeMatrix, runMatrix } from "./matrix/run.ts";

const HELP = `Usage: deno task test:faults [options]
  --every N    play every N-th cell of the matrix only; 0 for none (1)
  --only TEXT  play only cells whose name contains this, as printed for a failed cell
  --runs N     how many random histories (500)
  --seed S     the seed of the histories (random, and printed)
  --killed N   how many tenants subscribe while the functions are killed repeatedly (0)
  --worlds N   how many worlds play at once (3)`;

const { values } = parseArgs({
  options: {
    every: { type: "string", default: "1" },
    only: { type: "string", default: "" },
    runs: { type: "string", default: "500" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 31)) },
    killed: { type: "string", default: "0" },
    worlds: { type: "string", default: "3" },
    help: { type: "boolean", default: false },
  },
});

const KILLS = 12;

async function main(): Promise<boolean> {
  const tell = (line: string) => console.log(line);
  const isWell = await playWorlds(tell);
  const killed = Number(values.killed);
  if (killed === 0) return isWell;
  const { violations, created, summary } = await killDuringBurst(killed, KILLS);
  tell(summary);
  for (const violation of violations) tell(`RED ${violation}`);
  return isWell && violations.length === 0 && created === killed;
}

async function playWorlds(tell: (line: string) => void): Promise<boolean> {
  const [every, runs, seed] = [Number(values.every), Number(values.runs), Number(values.seed)];
  await using opened = await openWorlds(Number(values.worlds));
  const { worlds } = opened;
  let isWell = true;
  if (every > 0) {
    const report = await timed(
      () => runMatrix({ worlds, every, offset: 0, only: values.only, tell }),
      ({ cells }) => cells,
      describeMatrix,
    );
    isWell &&= report.violations.length === 0;
  }
  if (runs > 0) {
    console.log(`Random histories from seed ${seed}`);
    const report = await timed(
      () => runHistories({ worlds, runs, seed, tell }),
      (report) => report.runs,
      describeHistories,
    );
    isWell &&= report.failures.length === 0;
  }
  return isWell;
}

async function timed<Report>(
  run: () => Promise<Report>,
  count: (report: Report) => number,
  describe: (report: Report) => string,
): Promise<Report> {
  const began = performance.now();
  const report = await run();
  const seconds = (performance.now() - began) / 1000;
  console.log(`${describe(report)}; ${seconds.toFixed(0)} s, ${(count(report) / seconds).toFixed(1)} a second`);
  return report;
}

if (values.help) console.log(HELP);
else Deno.exit(await main() ? 0 : 1);
