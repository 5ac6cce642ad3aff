const shortDay = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", timeZone: "UTC" });
const longDay = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeZone: "UTC" });
const month = new Intl.DateTimeFormat(undefined, { month: "short", year: "numeric", timeZone: "UTC" });
const longMonth = new Intl.DateTimeFormat(undefined, { month: "long", year: "numeric", timeZone: "UTC" });

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const MONTH = /^\d{4}-\d{2}$/;

/** What is written below a bar: `26 Nov`, `Nov 2026`, or the text itself if it names no UTC day or month. */
export function shortLabel(at: string): string {
  return written(at, shortDay, month);
}

/** `Thursday, 26 November 2026` or `November 2026`. */
export function longLabel(at: string): string {
  return written(at, longDay, longMonth);
}

function written(at: string, day: Intl.DateTimeFormat, month: Intl.DateTimeFormat): string {
  const format = DAY.test(at) ? day : MONTH.test(at) ? month : null;
  const date = new Date(at);
  return format === null || Number.isNaN(date.getTime()) ? at : format.format(date);
}

/** The name of what the bars stand for. */
export function columnName(rows: readonly { at: string }[]): string {
  return rows.length > 0 && rows.every(({ at }) => MONTH.test(at)) ? "Month" : "Day";
}
