// `deno task test`: runs every suite, two at a time and one more in a browser, the longest first. What failed beside another
// suite is repeated alone, with the same seed. `deno task test console demo` runs the suites whose name contains one of the
// words. `--soak` (`deno task test:soak`) runs the same tests at larger sizes, one suite at a time.
import { parseArgs } from "node:util";
import { join } from "node:path";
import { bundleFunctions } from "../../local/bundle/bundle.ts";
import { BUNDLES } from "../../local/functions/engine.ts";
import { whenLauncherEnds } from "../../local/launcher.ts";
import { startStack } from "../../local/stack.ts";
import { findChromium, HOW_TO_INSTALL } from "../support/chromium.ts";
import { SEED } from "../support/seed.ts";
import { endsTest, onlyThese, type Report, reportOf } from "./report.ts";
import { runDeno, stopRunning } from "./run-deno.ts";
import { SOAK, type Suite, SUITES } from "./suites.ts";

/** The seed of all random tests of this run, and of what is repeated. */
const TEST_SEED = String(SEED);
type Duration = Report["durations"][number];

const paint = (colour: number, text: string) => Deno.noColor ? text : `\x1b[${colour}m${text}\x1b[0m`;

interface Outcome extends Omit<Report, "failedTitles" | "durations"> {
  output: string;
  /** What the tests say, if there are any. */
  report: Report | null;
}

/** A running suite, as far as its output shows. */
interface Progress {
  name: string;
  started: number;
  tests: number;
}

const underWay = new Set<Progress>();

let bundled: Promise<void> | undefined;
let bundles: string | undefined;

/** Bundles the functions for all stacks of this run. Until they are whole, a stack bundles its own. */
async function bundle(): Promise<void> {
  bundles = await Deno.makeTempDir({ prefix: "switchboard-bundles-" });
  await bundleFunctions(bundles);
  Deno.env.set(BUNDLES, bundles);
}

function removeBundles(): void {
  if (bundles !== undefined) Deno.removeSync(bundles, { recursive: true });
}

async function runSuite(suite: Suite, progress: Progress): Promise<Outcome> {
  const env = { TEST_SEED, ...suite.env };
  if (suite.stack === undefined) return await runTests(suite.args, env, progress);
  if (suite.stack !== "own") await (bundled ??= bundle());
  const folder = await Deno.makeTempDir({ prefix: "switchboard-test-" });
  const stateFile = join(folder, "stack.json");
  const stack = await startStack({
    ephemeral: true,
    scheduler: 250,
    stateFile,
    ...(suite.stack !== "own" && { functionsDeno: suite.stack }),
  });
  try {
    const engine: Record<string, string> = suite.stack === "own" ? {} : { SWITCHBOARD_FUNCTIONS_DENO: suite.stack };
    return await runTests(suite.args, { ...env, SWITCHBOARD_STACK: stateFile, ...engine }, progress);
  } finally {
    await stack.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

async function runTests(args: string[], env: Record<string, string>, progress: Progress): Promise<Outcome> {
  const { success, output } = await runDeno(args, env, (line) => {
    if (endsTest(line)) progress.tests++;
  });
  const report = reportOf(output);
  if (args[0] === "test" && report === null) return failure(`${output}\nNo test was run.`);
  const { passed, failed } = report ?? { passed: success ? 1 : 0, failed: 0 };
  return { passed, failed: success ? failed : Math.max(failed, 1), output, report };
}

function failure(output: string): Outcome {
  return { passed: 0, failed: 1, output, report: null };
}

/** A browser test that cannot run fails in CI. Elsewhere the run reports that it was skipped. */
function withoutChromium(suite: Suite): Outcome {
  if (Deno.env.get("CI")) return failure(`Chromium is missing. ${HOW_TO_INSTALL}`);
  console.log(paint(33, `  not run: ${suite.name} needs Chromium. ${HOW_TO_INSTALL}`));
  return { passed: 0, failed: 0, output: "", report: null };
}

/** Two at a time, because most suites wait for servers more than they compute, and one more lane for those in a browser. */
const LANES = 2;
/** How often running suites report their progress. */
const HEARTBEAT_MS = 30_000;

async function runSuites(suites: readonly Suite[], lanes: number): Promise<boolean> {
  const began = performance.now();
  const total = { passed: 0, failed: 0 };
  console.log(
    `Running ${suites.length} suites, ${
      lanes > 1 ? `${lanes + 1} at a time, one of them in a browser` : "one at a time"
    }. ` +
      "The first run downloads their dependencies from npm, which takes up to a few minutes.\n" +
      `Random tests begin with TEST_SEED=${TEST_SEED}.\n`,
  );
  const failed: Suite[] = [];
  const durations: Duration[] = [];
  const lane = async (queue: Suite[]) => {
    for (let suite = queue.shift(); suite !== undefined; suite = queue.shift()) {
      const outcome = await runAndTell(suite);
      durations.push(...outcome.report?.durations ?? []);
      const again = outcome.failed > 0 ? repeatOf(suite, outcome) : null;
      if (again !== null) failed.push(again);
      // A suite that is repeated as a whole counts its tests then.
      if (again?.args !== suite.args) total.passed += outcome.passed;
    }
  };
  const inBrowser = lanes > 1 ? suites.filter(({ needsChromium }) => needsChromium) : [];
  const others = suites.filter((suite) => !inBrowser.includes(suite));
  // Once the browser's are done, its lane takes from the others, too.
  const afterBrowser = async () => {
    await lane(inBrowser);
    await lane(others);
  };
  await Promise.all([afterBrowser(), ...Array.from({ length: lanes }, () => lane(others))]);
  for (const suite of failed) {
    // Run what failed again with the machine to itself and the same seed. What passes now was only slow and is reported as
    // unsteady; what is broken fails again.
    console.log(`\n${suite.name} failed beside another suite: running it again, alone`);
    const outcome = await runAndTell(suite);
    total.passed += outcome.passed;
    total.failed += outcome.failed;
    if (outcome.failed === 0) console.log(paint(33, `! ${suite.name} is unsteady: look at its first output above`));
  }
  tellSlowest(durations);
  console.log(`\nAll suites took ${secondsSince(began)} s.`);
  console.log(`${total.passed} passed, ${total.failed} failed`);
  return total.failed === 0 && total.passed > 0;
}

/** Of a failed suite, the failed tests alone; the whole suite if more than a test failed. */
function repeatOf(suite: Suite, { report }: Outcome): Suite {
  const titles = report?.failedTitles ?? [];
  return titles.length === 0 ? suite : { ...suite, args: [...suite.args, onlyThese(titles)] };
}

const SLOWEST = 8;

function tellSlowest(durations: readonly Duration[]): void {
  console.log("\nThe slowest tests:");
  for (const { title, seconds } of durations.toSorted((a, b) => b.seconds - a.seconds).slice(0, SLOWEST)) {
    console.log(`  ${seconds.toFixed(0).padStart(4)} s  ${title}`);
  }
}

/** Lines with this prefix are shown even if all tests pass: they report how much a test covered. */
const FIGURES = /^figures: (.*)$/gm;

/** Runs one suite and reports the result. The complete output of a failed suite is shown. */
async function runAndTell(suite: Suite): Promise<Outcome> {
  console.log(`▶ ${suite.name}`);
  const progress: Progress = { name: suite.name, started: performance.now(), tests: 0 };
  underWay.add(progress);
  const runnable = !suite.needsChromium || await findChromium() !== null;
  const outcome = runnable ? await runSuite(suite, progress) : withoutChromium(suite);
  underWay.delete(progress);
  if (outcome.failed > 0) console.log(outcome.output);
  const verdict = outcome.failed > 0 ? paint(31, `✗ ${outcome.failed} failed,`) : paint(32, "✓");
  console.log(`${verdict} ${suite.name}: ${outcome.passed} passed in ${secondsSince(progress.started)} s`);
  for (const [, figures] of outcome.output.matchAll(FIGURES)) console.log(`  ${figures}`);
  return outcome;
}

function tellProgress(): void {
  for (const { name, started, tests } of underWay) {
    console.log(paint(2, `  … ${name}: ${tests} tests so far, ${secondsSince(started)} s`));
  }
}

function secondsSince(moment: number): string {
  return ((performance.now() - moment) / 1000).toFixed(1);
}

/** Ends the suites together with this command, however the command ends. */
async function endTogether(): Promise<void> {
  const stop = () => {
    stopRunning();
    removeBundles();
    Deno.exit(130);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) Deno.addSignalListener(signal, stop);
  await whenLauncherEnds(stop);
}

const { values: { soak }, positionals: words } = parseArgs({
  options: { soak: { type: "boolean", default: false } },
  allowPositionals: true,
});
const suites = (soak ? SOAK : SUITES).filter(({ name }) =>
  words.length === 0 || words.some((word) => name.includes(word))
);
if (suites.length === 0) {
  console.error(`No suite's name contains ${words.map((word) => `"${word}"`).join(" or ")}. The suites are:`);
  for (const { name } of soak ? SOAK : SUITES) console.error(`  ${name}`);
  Deno.exit(1);
}
await endTogether();
Deno.unrefTimer(setInterval(tellProgress, HEARTBEAT_MS));
Deno.exit(await runSuites(suites, soak ? 1 : LANES).finally(removeBundles) ? 0 : 1);
