import { DAY_MS, isoDay, startOfDay } from "./dates.ts";
import { invalidParameter } from "./errors.ts";
import type { Period } from "./usage.ts";

/** The time spans of usage records, as path segments. */
export const USAGE_SPANS = [
  "AllTime",
  "Daily",
  "LastMonth",
  "Monthly",
  "ThisMonth",
  "Today",
  "Yearly",
  "Yesterday",
] as const;
export type UsageSpan = (typeof USAGE_SPANS)[number];

/**
 * Returns the periods of a usage request, newest first; none if `EndDate` is before `StartDate`.
 *
 * `StartDate` and `EndDate` are days or offsets such as `-30days`, both inclusive. They default to the account's first
 * day and today. `Daily`, `Monthly` and `Yearly` split that range. `Today`, `Yesterday`, `ThisMonth` and `LastMonth`
 * replace it.
 */
export function usagePeriods(
  span: UsageSpan | null,
  query: URLSearchParams,
  firstDay: number,
  now = Date.now(),
): Period[] {
  const today = startOfDay(now);
  const fixed = span && fixedPeriod(span, today);
  if (fixed) return [fixed];
  const from = dayOf("StartDate", query.get("StartDate"), today) ?? startOfDay(firstDay);
  const until = (dayOf("EndDate", query.get("EndDate"), today) ?? today) + DAY_MS;
  if (from >= until) return [];
  if (span === "Daily") return pieces({ from, until }, (at) => at + DAY_MS);
  if (span === "Monthly") return pieces({ from, until }, nextMonth);
  if (span === "Yearly") return pieces({ from, until }, (at) => Date.UTC(new Date(at).getUTCFullYear() + 1, 0));
  return [{ from, until }];
}

/** Returns the first and last day of a period. */
export function periodDays({ from, until }: Period): { start: string; end: string } {
  return { start: isoDay(from), end: isoDay(until - 1) };
}

function fixedPeriod(span: UsageSpan, today: number): Period | undefined {
  const month = firstOfMonth(today);
  if (span === "Today") return { from: today, until: today + DAY_MS };
  if (span === "Yesterday") return { from: today - DAY_MS, until: today };
  if (span === "ThisMonth") return { from: month, until: today + DAY_MS };
  if (span === "LastMonth") return { from: firstOfMonth(month - DAY_MS), until: month };
  return undefined;
}

function pieces({ from, until }: Period, next: (at: number) => number): Period[] {
  const periods: Period[] = [];
  for (let start = from; start < until; start = next(start)) {
    periods.unshift({ from: start, until: Math.min(next(start), until) });
  }
  return periods;
}

function dayOf(name: string, text: string | null, today: number): number | undefined {
  if (text === null) return undefined;
  const offset = /^([+-]\d+)days?$/.exec(text)?.[1];
  if (offset) return today + Number(offset) * DAY_MS;
  const day = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : NaN;
  if (Number.isNaN(day)) throw invalidParameter(name, text);
  return day;
}

function firstOfMonth(at: number): number {
  return Date.UTC(new Date(at).getUTCFullYear(), new Date(at).getUTCMonth());
}

function nextMonth(at: number): number {
  return Date.UTC(new Date(at).getUTCFullYear(), new Date(at).getUTCMonth() + 1);
}
