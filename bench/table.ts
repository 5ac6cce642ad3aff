/** The least or the greatest value that a measure may have. */
export type Goal = { atMost: number } | { atLeast: number };

/** One line of the table. */
export interface Row {
  /** What was measured, beside what. */
  measure: string;
  /** The figures behind the value, such as "21 ms, 19 ms". */
  figures?: string;
  value: number;
  /** `×`: a ratio. Default: ×. */
  unit?: "×" | "%" | "KB" | "MB" | "ms" | "s";
  /** Without a goal, the row is for information. */
  goal?: Goal;
}

/** Whether the value reaches its goal, if it has one. A value that could not be measured (NaN) is never met. */
export function isMet({ value, goal }: Row): boolean {
  if (Number.isNaN(value)) return false;
  if (goal === undefined) return true;
  return "atMost" in goal ? value <= goal.atMost : value >= goal.atLeast;
}

/** Formats the rows as one table: measure, ratio, goal, met. */
export function formatTable(rows: readonly Row[]): string {
  const cells = [
    ["measure", "ratio", "goal", "met"],
    ...rows.map((row) => [
      row.figures === undefined ? row.measure : `${row.measure} (${row.figures})`,
      quantity(row.value, row.unit),
      goalText(row),
      row.goal === undefined && isMet(row) ? "" : isMet(row) ? "yes" : "NO",
    ]),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...cells.map((line) => [...line[column]!].length)));
  const lines = cells.map(([measure = "", value = "", goal = "", met = ""]) =>
    `| ${measure.padEnd(widths[0]!)} | ${value.padStart(widths[1]!)} | ${goal.padStart(widths[2]!)} | ${
      met.padEnd(widths[3]!)
    } |`
  );
  const rule = `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`;
  return [lines[0], rule, ...lines.slice(1)].join("\n");
}

/** Runs groups of measurements one after another. A group that fails becomes a row, so that the others still show. */
export async function collect(groups: Record<string, () => Promise<Row[]>>): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [name, measure] of Object.entries(groups)) {
    try {
      rows.push(...await measure());
    } catch (error) {
      console.error(error);
      rows.push({ measure: `${name}: ${error instanceof Error ? error.message : error}`, value: NaN });
    }
  }
  return rows;
}

/** The exit code of a benchmark: 1 when a goal is missed, or when there is no row at all. */
export function exitCode(rows: readonly Row[]): 0 | 1 {
  return rows.length > 0 && rows.every(isMet) ? 0 : 1;
}

function goalText({ goal, unit }: Row): string {
  if (goal === undefined) return "";
  return "atMost" in goal ? `≤ ${quantity(goal.atMost, unit)}` : `≥ ${quantity(goal.atLeast, unit)}`;
}

function quantity(value: number, unit: Row["unit"] = "×"): string {
  if (Number.isNaN(value)) return "not measured";
  return `${value.toFixed(unit === "ms" || unit === "KB" ? 1 : unit === "%" ? 0 : 2)} ${unit}`;
}
