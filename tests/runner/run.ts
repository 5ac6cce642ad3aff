// `deno task test`: every suite, one after the other, each told as it begins and as it ends.
// `deno task test console demo` runs those whose name contains one of the words.
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { findChromium, HOW_TO_INSTALL } from "../chromium.ts";
import { startStack } from "../../local/stack.ts";
import { type Suite, SUITES } from "./suites.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const paint = (colour: number, text: string) => Deno.noColor ? text : `\x1b[${colour}m${text}\x1b[0m`;

interface Outcome {
  passed: number;
  failed: number;
  output: string;
}

async function runSuite(suite: Suite): Promise<Outcome> {
  if (suite.stack === undefined) return await runDeno(suite.args, {});
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
    return await runDeno(suite.args, { SWITCHBOARD_STACK: stateFile, ...engine });
  } finally {
    await stack.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

async function runDeno(args: string[], env: Record<string, string>): Promise<Outcome> {
  const command = new Deno.Command(Deno.execPath(), { args, cwd: ROOT, env: { ...env, NO_COLOR: "1" }, stdin: "null" });
  const { success, stdout, stderr } = await command.output();
  const output = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  const counts = /(\d+) passed.*?\| (\d+) failed/.exec(output);
  if (args[0] === "test" && counts === null) return { passed: 0, failed: 1, output: `${output}\nNo test was run.` };
  const passed = Number(counts?.[1] ?? (success ? 1 : 0));
  const failed = Number(counts?.[2] ?? 0);
  return { passed, failed: success ? failed : Math.max(failed, 1), output };
}

/** A browser test that cannot run is a failure where it matters (CI) and said aloud everywhere else. */
function withoutChromium(suite: Suite): Outcome {
  if (Deno.env.get("CI")) return { passed: 0, failed: 1, output: `Chromium is missing. ${HOW_TO_INSTALL}` };
  console.log(paint(33, `  not run: ${suite.name} needs Chromium. ${HOW_TO_INSTALL}`));
  return { passed: 0, failed: 0, output: "" };
}

/** Two at a time: most suites wait for servers more than they compute. */
const LANES = 2;

async function main(words: string[]): Promise<boolean> {
  const chosen = SUITES.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
  const began = performance.now();
  const total = { passed: 0, failed: 0 };
  console.log(
    `Running ${chosen.length} suites, ${LANES} at a time. The first run downloads what they need from npm: up to a few minutes.\n`,
  );
  const queue = [...chosen];
  const failed: Suite[] = [];
  const lane = async () => {
    for (let suite = queue.shift(); suite !== undefined; suite = queue.shift()) {
      const outcome = await runAndTell(suite);
      if (outcome.failed > 0) failed.push(suite);
      else total.passed += outcome.passed;
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  for (const suite of failed) {
    // Once more, with the machine to itself: what was merely late passes now, and is told as unsteady; what is wrong stays red.
    console.log(`\n${suite.name} failed beside another suite: once more, alone`);
    const outcome = await runAndTell(suite);
    total.passed += outcome.passed;
    total.failed += outcome.failed;
    if (outcome.failed === 0) console.log(paint(33, `! ${suite.name} is unsteady: look at its first output above`));
  }
  console.log(`\nAll suites took ${((performance.now() - began) / 1000).toFixed(0)} s.`);
  console.log(`${total.passed} passed, ${total.failed} failed`);
  return total.failed === 0 && total.passed > 0;
}

/** What a test prints behind this word is shown also when all is well: how much it has covered. */
const FIGURES = /^figures: (.*)$/gm;

/** Runs one suite and tells how it went; what a failed one printed is shown whole. */
async function runAndTell(suite: Suite): Promise<Outcome> {
  console.log(`▶ ${suite.name}`);
  const started = performance.now();
  const runnable = !suite.needsChromium || await findChromium() !== null;
  const outcome = runnable ? await runSuite(suite) : withoutChromium(suite);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  if (outcome.failed > 0) console.log(outcome.output);
  const verdict = outcome.failed > 0 ? paint(31, `✗ ${outcome.failed} failed,`) : paint(32, "✓");
  console.log(`${verdict} ${suite.name}: ${outcome.passed} passed in ${seconds} s`);
  for (const [, figures] of outcome.output.matchAll(FIGURES)) console.log(`  ${figures}`);
  return outcome;
}

Deno.exit(await main(Deno.args) ? 0 : 1);
