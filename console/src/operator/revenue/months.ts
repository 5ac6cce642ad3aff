/** Calendar months in UTC as `2026-11`, both included. */
export interface Months {
  from: string;
  to: string;
}

/** The most months that are shown at once. */
export const MOST_MONTHS = 36;
/** Shown unless the address says otherwise. */
export const USUAL_MONTHS = 12;

const MONTH = /^20\d\d-(0[1-9]|1[0-2])$/;
const label = new Intl.DateTimeFormat(undefined, { month: "short", year: "numeric", timeZone: "UTC" });

/** `Nov 2026` */
export function monthLabel(month: string): string {
  return label.format(new Date(`${month}-01T00:00:00Z`));
}

export function monthOf(now: Date): string {
  return now.toISOString().slice(0, 7);
}

/** The month that is this many months later, or earlier. */
export function monthAfter(month: string, months: number): string {
  const [year, number] = month.split("-").map(Number) as [number, number];
  return new Date(Date.UTC(year, number - 1 + months)).toISOString().slice(0, 7);
}

/** How many months a range has. */
export function lengthOf({ from, to }: Months): number {
  const count = (month: string) => Number(month.slice(0, 4)) * 12 + Number(month.slice(5));
  return count(to) - count(from) + 1;
}

/** All months of a range, the oldest first. */
export function monthsIn(months: Months): string[] {
  return Array.from({ length: lengthOf(months) }, (_, index) => monthAfter(months.from, index));
}

/** The last months up to this one. */
export function lastMonths(count: number, current: string): Months {
  return { from: monthAfter(current, 1 - count), to: current };
}

/** The range that an address names. A part that is missing, wrong or in the future is replaced. */
export function monthsOf(query: URLSearchParams, current: string): Months {
  const read = (name: string) => {
    const month = query.get(name) ?? "";
    return MONTH.test(month) && month <= current ? month : null;
  };
  const to = read("to") ?? current;
  const from = read("from") ?? monthAfter(to, 1 - USUAL_MONTHS);
  if (from > to) return { from: to, to };
  return lengthOf({ from, to }) > MOST_MONTHS ? { from: monthAfter(to, 1 - MOST_MONTHS), to } : { from, to };
}

/** The parameters of an address that leads to this range; null for what it leaves out. */
export function addressOf({ from, to }: Months, current: string): { from: string | null; to: string | null } {
  const isUsual = to === current && from === monthAfter(to, 1 - USUAL_MONTHS);
  return { from: isUsual ? null : from, to: to === current ? null : to };
}

/** The range as the functions take it: `until` is the month after the last one. */
export function rangeOf({ from, to }: Months): { from: string; until: string } {
  return { from, until: monthAfter(to, 1) };
}
