import { type FinalResults, Parser, type Result } from "tap-parser";

/** The result of a test file's output. */
export interface TapOutcome {
  assertions: number;
  failures: string[];
  /** What is wrong with the output as a whole: a plan that does not match, a skipped assertion, no assertion. */
  problems: string[];
}

/** Reads TAP as pgTAP writes it: comments after a `not ok` explain it. */
export function readTap(output: string): TapOutcome {
  const failures: string[] = [];
  const skipped: string[] = [];
  const bailouts: string[] = [];
  let explained = false;
  let results: FinalResults | undefined;
  const parser = new Parser((final) => results = final);
  parser.on("assert", (result: Result) => {
    explained = !result.ok;
    if (!result.ok) failures.push(`not ok ${result.id} - ${result.name}`);
    if (result.skip !== false || result.todo !== false) skipped.push(`${result.id} - ${result.name}`);
  });
  parser.on("comment", (comment: string) => {
    if (explained && failures.length > 0 && !SUMMARY.test(comment)) {
      failures.push(`${failures.pop()}\n${comment.trimEnd()}`);
    }
  });
  parser.on("bailout", (reason: string) => bailouts.push(`Bailed out: ${reason}`));
  parser.end(output);
  const { count = 0, failures: errors = [] } = results ?? {};
  return {
    assertions: count,
    failures,
    problems: [
      ...bailouts,
      ...skipped.map((test) => `Skipped assertion: ${test}`),
      ...errors.flatMap(({ tapError }) => typeof tapError === "string" ? [tapError] : []),
      ...(count === 0 ? ["No assertion was made"] : []),
    ],
  };
}

/** The summary pgTAP adds at the end, which belongs to no single assertion. */
const SUMMARY = /^# (Looks like you|Failed test \d+: "" *$)/;
