import { median, progress } from "../measure.ts";
import type { Row } from "../table.ts";
import { type Filled, timeOf } from "./database.ts";
import { CLAIMS, READS_AND_DECISIONS, SCHEDULED, type Statement } from "./statements.ts";

/** A statement as slow as this is canceled. The platform cancels at 8 s. */
const TIMEOUT_MS = 20_000;
const SCHEDULED_RUNS = 3;
const MOST_MS = 500;
const MOST_GROWTH = 1.3;

/** The slowest of a few runs of each scheduled statement in the large database. */
export async function scheduledRows(large: Filled): Promise<Row[]> {
  const rows: Row[] = [];
  for (const statement of SCHEDULED) {
    progress(`Scheduled: ${statement.name}`);
    const times: number[] = [];
    for (let run = 0; run < SCHEDULED_RUNS && times.at(-1) !== TIMEOUT_MS; run++) {
      times.push((await timeOf(large, statement, run, TIMEOUT_MS)).wall);
    }
    const slowest = Math.max(...times);
    rows.push({
      measure: `Scheduled, at ${large.tenants} tenants: ${statement.name}`,
      ...(slowest === TIMEOUT_MS && { figures: "canceled" }),
      value: slowest,
      unit: "ms",
      goal: { atMost: MOST_MS },
    });
  }
  return rows;
}

/** The CPU time of each read, decision and claim in the large database beside the small one. */
export async function growthRows(small: Filled, large: Filled, runs: number): Promise<Row[]> {
  const rows: Row[] = [];
  for (const statement of READS_AND_DECISIONS) {
    rows.push(await growthRow(small, large, statement, runs, `at ${large.tenants} tenants beside ${small.tenants}`));
  }
  for (const statement of CLAIMS) {
    rows.push(await growthRow(small, large, statement, runs, `with ${large.jobs} waiting jobs beside ${small.jobs}`));
  }
  return rows;
}

async function growthRow(
  small: Filled,
  large: Filled,
  statement: Statement,
  runs: number,
  comparison: string,
): Promise<Row> {
  progress(`Growth: ${statement.name}`);
  const times = { small: [] as number[], large: [] as number[] };
  const warmUp = small.active.length;
  const subjects = [[small, times.small], [large, times.large]] as const;
  for (let run = 0; run < warmUp + runs; run++) {
    for (const [database, values] of run % 2 === 0 ? subjects : subjects.toReversed()) {
      const { cpu } = await timeOf(database, statement, run, TIMEOUT_MS);
      if (run >= warmUp) values.push(cpu);
    }
  }
  const [before, after] = [median(times.small), median(times.large)];
  return {
    measure: `${statement.name}, ${comparison}`,
    figures: `${after.toFixed(2)} ms : ${before.toFixed(2)} ms`,
    value: after / before,
    goal: { atMost: MOST_GROWTH },
  };
}
