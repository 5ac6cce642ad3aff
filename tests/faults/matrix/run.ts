import { World } from "../harness/world.ts";
import { allCells, type Cell, nameOf, runCell } from "./cells.ts";

export interface MatrixOptions {
  /** Each works through cells on its own. */
  worlds: readonly World[];
  /** Play every n-th cell: 1 for all. */
  every: number;
  /** The first cell. */
  offset: number;
  /** Only cells whose name contains this text. */
  only?: string;
  tell(line: string): void;
}

export interface MatrixReport {
  cells: number;
  /** Cells whose fault met no call, which tests nothing. */
  missed: number;
  all: number;
  created: number;
  orphans: number;
  duplicates: number;
  lost: number;
  /** Each with the name of its cell. */
  violations: string[];
}

/** Plays the cells and reports the results. */
export async function runMatrix({ worlds, every, offset, only = "", tell }: MatrixOptions): Promise<MatrixReport> {
  const cells = await allCells(worlds, only);
  const named = cells.filter((cell) => nameOf(cell).includes(only));
  const chosen = named.filter((_, index) => index % every === offset % every);
  const report: MatrixReport = {
    cells: 0,
    missed: 0,
    all: cells.length,
    created: 0,
    orphans: 0,
    duplicates: 0,
    lost: 0,
    violations: [],
  };
  const queue = [...chosen];
  await Promise.all(worlds.map(async (world) => {
    for (let cell = queue.shift(); cell !== undefined; cell = queue.shift()) await runInto(report, cell, world, tell);
  }));
  return report;
}

async function runInto(report: MatrixReport, cell: Cell, world: World, tell: (line: string) => void): Promise<void> {
  const result = await runCell(cell, world).catch((error) => ({
    violations: [error instanceof Error ? error.stack ?? error.message : String(error)],
    struck: true,
    created: 0,
    orphans: 0,
    duplicates: 0,
    lost: 1,
  }));
  report.cells++;
  if (!result.struck) report.missed++;
  report.created += result.created;
  report.orphans += result.orphans;
  report.duplicates += result.duplicates;
  report.lost += result.lost;
  for (const violation of result.violations) {
    report.violations.push(`${nameOf(cell)}: ${violation}`);
    tell(`RED ${nameOf(cell)}: ${violation}`);
  }
  if (report.cells % 250 === 0) tell(`${report.cells} cells`);
}

export function describeMatrix({ cells, missed, all, created, orphans, duplicates, lost }: MatrixReport): string {
  return `${cells} of ${all} cells run (${missed} met no call), ${created} accounts created, ${orphans} orphans, ${duplicates} duplicates, ${lost} lost`;
}
