/** What the output of `deno test` says. */
export interface Report {
  passed: number;
  failed: number;
  /** The titles of the failed tests. Null if something else failed, such as the loading of a file. */
  failedTitles: string[] | null;
  /** How long each test took, in seconds. */
  durations: { title: string; seconds: number }[];
}

const COUNTS = /(\d+) passed.*?\| (\d+) failed/;
const ENDED_TEST = /^(\S.*?) \.\.\. (?:ok|FAILED) \(([\dhmsµ]+)\)$/;
const FAILED_TEST = /^(.+) => \S+:\d+:\d+$/;
/** Where the list of failed tests begins: the same lines stand before the stack of each error. */
const FAILURES = /^ FAILURES $/m;
/** Between the title of a test and that of its step. */
const STEP = " ... ";

/** Whether a line says that a test has ended. */
export function endsTest(line: string): boolean {
  return ENDED_TEST.test(line);
}

/** Reads the output of `deno test` without colours. @returns null if it has run no tests */
export function reportOf(output: string): Report | null {
  const counts = COUNTS.exec(output);
  if (counts === null) return null;
  const durations = output.split("\n").map((line) => ENDED_TEST.exec(line)).filter((match) => match !== null)
    .map(([, title, duration]) => ({ title: title!, seconds: secondsOf(duration!) }));
  return { passed: Number(counts[1]), failed: Number(counts[2]), failedTitles: failedTitlesOf(output), durations };
}

function failedTitlesOf(output: string): string[] | null {
  const list = output.split(FAILURES).slice(1).at(-1)?.split("\nFAILED | ")[0]?.trim().split("\n") ?? [];
  const titles = list.map((line) => FAILED_TEST.exec(line)?.[1]?.split(STEP)[0]);
  return titles.every((title) => title !== undefined) ? [...new Set(titles)] : null;
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { "µs": 1e-6, ms: 0.001, s: 1, m: 60, h: 3600 };

/** @param duration as Deno prints it: "350ms", "1m2s" */
function secondsOf(duration: string): number {
  return [...duration.matchAll(/(\d+)(µs|ms|h|m|s)/g)].reduce(
    (sum, [, n, unit]) => sum + Number(n) * UNIT_SECONDS[unit!]!,
    0,
  );
}

/** The argument of `deno test` that runs only these tests. */
export function onlyThese(titles: readonly string[]): string {
  return `--filter=/^(?:${titles.map((title) => title.replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&")).join("|")})$/`;
}
