import fc from "fast-check";
import { comeToRest } from "../harness/quiescence.ts";
import { judge } from "../harness/verdict.ts";
import type { World } from "../harness/world.ts";
import { type Command, histories } from "./commands.ts";
import { expectationOf } from "./expect.ts";
import { begin, happen } from "./history.ts";

export interface HistoriesOptions {
  /** Each plays its own share, from its own seed. */
  worlds: readonly World[];
  runs: number;
  seed: number;
  tell(line: string): void;
}

export interface HistoriesReport {
  runs: number;
  commands: number;
  created: number;
  orphans: number;
  duplicates: number;
  lost: number;
  failures: string[];
}

/** Plays random histories, each from an empty world to rest, and judges the result of each. */
export async function runHistories({ worlds, runs, seed, tell }: HistoriesOptions): Promise<HistoriesReport> {
  const report: HistoriesReport = {
    runs: 0,
    commands: 0,
    created: 0,
    orphans: 0,
    duplicates: 0,
    lost: 0,
    failures: [],
  };
  await Promise.all(worlds.map(async (world, index) => {
    const share = Math.ceil((runs - index) / worlds.length);
    const property = fc.asyncProperty(histories, (commands) => play(commands, world, report, tell));
    const result = await fc.check(property, { numRuns: share, seed: seed + index });
    if (!result.failed) return;
    const { counterexample, errorInstance, counterexamplePath: path } = result;
    const reason = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
    const failure = `seed ${seed + index}, path ${path}: ${reason}\n${JSON.stringify(counterexample?.[0], null, 1)}`;
    report.failures.push(failure);
    tell(failure);
  }));
  return report;
}

/** Plays one history. @throws Error with what is wrong at the end */
export async function play(
  commands: readonly Command[],
  world: World,
  report: HistoriesReport,
  tell: (line: string) => void,
): Promise<void> {
  await world.reset();
  const history = await begin(world);
  for (const command of commands) await happen(command, history, world);
  world.webhookTraps = [];
  await comeToRest(world);
  const expectations = [];
  for (const person of history.people) expectations.push(await expectationOf(person, world));
  const { violations, orphans, duplicates, lost } = await judge(world, expectations);
  if (world.doubled > 0 && !history.stalled && !history.people.some(({ touchedByHand }) => touchedByHand)) {
    violations.push(`${world.doubled} accounts were created beside an open one`);
  }
  report.runs++;
  report.commands += commands.length;
  report.created += world.created;
  report.orphans += orphans;
  report.duplicates += duplicates;
  report.lost += lost;
  if (report.runs % 500 === 0) tell(`${report.runs} histories`);
  if (violations.length > 0) throw new Error(violations.join("; "));
}

export function describeHistories({ runs, commands, created, orphans, duplicates, lost }: HistoriesReport): string {
  return `${runs} histories of ${commands} commands, ${created} accounts created, ${orphans} orphans, ${duplicates} duplicates, ` +
    `${lost} lost`;
}
