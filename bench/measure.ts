/** Shows what a benchmark does, on standard error: standard output is for the table. */
export function progress(text: string): void {
  console.error(`  ${text}`);
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** How long `work` takes, in milliseconds. */
export async function duration(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/**
 * Measures the subjects in turn, round after round, so that a slow phase of the machine affects all of them alike. The
 * first round warms up and is discarded.
 * @returns the measured values of each subject, in the order of the rounds
 */
export async function interleaved<Name extends string>(
  title: string,
  rounds: number,
  subjects: Record<Name, () => Promise<number>>,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(subjects) as Name[];
  const values = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = 0; round <= rounds; round++) {
    progress(`${title}: ${round === 0 ? "warming up" : `round ${round} of ${rounds}`}`);
    for (const name of names) {
      const value = await subjects[name]();
      if (round > 0) values[name].push(value);
    }
  }
  return values;
}

/** The median of the ratios of two subjects' values, round by round. */
export function ratio(values: readonly number[], base: readonly number[]): number {
  return median(values.map((value, round) => value / base[round]!));
}

/** The CPU time that processes have used. It does not contain what others use meanwhile. Linux only. */
export async function cpuNanoseconds(pids: readonly number[]): Promise<number> {
  const times = await Promise.all(pids.map(async (pid) => {
    const text = await Deno.readTextFile(`/proc/${pid}/schedstat`).catch((error) => {
      throw new Error(`Cannot read the CPU time of process ${pid}: only Linux reports it`, { cause: error });
    });
    return Number(text.split(" ")[0]);
  }));
  return times.reduce((sum, time) => sum + time, 0);
}
