/** A range of UTC days as `2026-11-26`; `until` is the day after the last one. */
export interface Range {
  from: string;
  until: string;
}

/** A range that moves with the day. `period`: the current billing period. */
export type Preset = "period" | "7d" | "30d" | "this-month" | "last-month";

export const PRESET_LABELS: Readonly<Record<Preset, string>> = {
  period: "This billing period",
  "7d": "Last 7 days",
  "30d": "Last 30 days",
  "this-month": "This month",
  "last-month": "Last month",
};

/** What is chosen: a preset, or days. */
export type RangeChoice = Preset | Range;

/** The longest range that the server reports on, in days. */
export const LONGEST_RANGE = 400;
/** A longer range has a bar for each month. */
const MOST_DAILY_BARS = 62;
const FIRST_DAY = "2000-01-01";
const DAY_MS = 86_400_000;

export function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

/** The current UTC day. */
export function today(now = Date.now()): string {
  return dayOf(now);
}

/** The UTC day that is some days after another; before it with a negative number. */
export function daysAfter(day: string, days: number): string {
  return dayOf(Date.parse(day) + days * DAY_MS);
}

export function daysIn({ from, until }: Range): number {
  return Math.round((Date.parse(until) - Date.parse(from)) / DAY_MS);
}

function isDay(text: string | null): text is string {
  if (text === null || !/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const time = Date.parse(text);
  // 31 February is another day to the parser.
  return !Number.isNaN(time) && dayOf(time) === text && text >= FIRST_DAY;
}

/**
 * Reads the choice from the query of an address: `?range=7d`, or `?from=2026-11-01&until=2026-12-01`. Of days in the future
 * nothing is known, and a range that is too long loses its first days.
 * @param presets those that are offered; the first is chosen by an address without a range
 */
export function choiceOf(query: URLSearchParams, presets: readonly Preset[], now: string): RangeChoice {
  const preset = presets.find((each) => each === query.get("range"));
  if (preset !== undefined) return preset;
  const [from, until] = [query.get("from"), query.get("until")];
  if (!isDay(from) && !isDay(until)) return presets[0]!;
  const tomorrow = daysAfter(now, 1);
  const end = isDay(until) && until < tomorrow ? until : tomorrow;
  return limited({ from: isDay(from) ? from : daysAfter(end, -30), until: end }) ?? presets[0]!;
}

/** The last days of a range that is too long; null for one without days. */
export function limited({ from, until }: Range): Range | null {
  if (from >= until) return null;
  return { from: [from, daysAfter(until, -LONGEST_RANGE), FIRST_DAY].toSorted().at(-1)!, until };
}

/** The query of an address with a choice, which replaces another one in it. */
export function withChoice(query: URLSearchParams, choice: RangeChoice, presets: readonly Preset[]): URLSearchParams {
  const changed = new URLSearchParams(query);
  for (const name of ["range", "from", "until"]) changed.delete(name);
  if (typeof choice !== "string") {
    changed.set("from", choice.from);
    changed.set("until", choice.until);
  } else if (choice !== presets[0]) changed.set("range", choice);
  return changed;
}

/**
 * The days of a choice, none of them in the future.
 * @param period the current billing period, whose last day may be in the future; null while it is not known
 * @returns null for `period` while it is not known
 */
export function rangeOf(choice: RangeChoice, now: string, period: Range | null = null): Range | null {
  const tomorrow = daysAfter(now, 1);
  const monthStart = `${now.slice(0, 8)}01`;
  if (typeof choice !== "string") return choice;
  switch (choice) {
    case "period":
      return period && limited({ from: period.from, until: period.until < tomorrow ? period.until : tomorrow });
    case "7d":
      return { from: daysAfter(tomorrow, -7), until: tomorrow };
    case "30d":
      return { from: daysAfter(tomorrow, -30), until: tomorrow };
    case "this-month":
      return { from: monthStart, until: tomorrow };
    case "last-month":
      return { from: `${daysAfter(monthStart, -1).slice(0, 8)}01`, until: monthStart };
  }
}

/** Whether a range is shown by day or by month. */
export function stepOf(range: Range): "day" | "month" {
  return daysIn(range) <= MOST_DAILY_BARS ? "day" : "month";
}

/** The days or calendar months of a range, all of them, oldest first. A month is named `2026-11`. */
export function barsOf({ from, until }: Range, step: "day" | "month"): string[] {
  const days = Array.from({ length: daysIn({ from, until }) }, (_, index) => daysAfter(from, index));
  return step === "day" ? days : [...new Set(days.map(monthOf))];
}

/** The month of a day: `2026-11`. */
export function monthOf(day: string): string {
  return day.slice(0, 7);
}

const shown = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });

/** `1 – 26 Nov 2026`, in the reader's locale. */
export function rangeInWords({ from, until }: Range): string {
  return shown.formatRange(new Date(from), new Date(daysAfter(until, -1)));
}
