import type { DailyInstance } from "twilio/lib/rest/api/v2010/account/usage/record/daily.js";
import type { DailyUsage } from "../twilio/client.ts";
import { failureOf } from "../twilio/errors.ts";

/** A usage record as `record_usage` takes it. Amounts are text: they are added in SQL, never as floating point numbers. */
export interface UsageRecord {
  /** UTC, as Twilio counts days. */
  day: string;
  category: string;
  count: string;
  usage: string;
  price: string;
  /** The currency in lower case; empty when Twilio reports none. */
  price_unit: string;
}

/** Days, both inclusive, as `YYYY-MM-DD`. */
export interface Days {
  from: string;
  until: string;
}

/** What Twilio has for a range of days: of all its days, of those on which the account existed, or of none. */
export interface UsageOfDays {
  known: Days | null;
  records: UsageRecord[];
}

const PAGE_SIZE = 1000;
/** More pages than a month of days with every category has several times. */
const MOST_PAGES = 100;
const DAY_MS = 86_400_000;
/** Twilio's longest has some 60 characters. */
const LONGEST_CATEGORY = 200;

/**
 * Reads the usage of an account alone, without its subaccounts. Twilio answers 404 to a range that begins before the
 * account existed, or ends after it was closed: the days in between are then found by further requests.
 * @param isGone Twilio knew no day at the last read: one request is enough to find that this is still so
 * @throws the error of Twilio for any other failure, so that no day is taken for empty
 */
export async function readUsage(usage: DailyUsage, days: Days, isGone: boolean): Promise<UsageOfDays> {
  const whole = await readDays(usage, days);
  if (whole !== null) return { known: days, records: whole };
  const last = daysBetween(days);
  if (isGone || last === 0) return { known: null, records: [] };
  const at = (index: number) => dayAfter(days.from, index);
  const starts = async (index: number) => await readDays(usage, { from: at(index), until: days.until });
  const ends = async (index: number) => await readDays(usage, { from: days.from, until: at(index) });
  const sinceFound = await nearest(last, (distance) => starts(last - distance));
  if (sinceFound !== null) {
    return { known: { from: at(last - sinceFound.distance), until: days.until }, records: sinceFound.records };
  }
  const untilFound = await nearest(last, ends);
  if (untilFound !== null) {
    return { known: { from: days.from, until: at(untilFound.distance) }, records: untilFound.records };
  }
  return { known: null, records: [] };
}

/** The longest range that Twilio knows: `read` answers null beyond some distance below `limit`. Null if it always does. */
async function nearest(limit: number, read: (distance: number) => Promise<UsageRecord[] | null>) {
  const first = await read(0);
  if (first === null) return null;
  let found = { distance: 0, records: first };
  for (let beyond = limit; beyond - found.distance > 1;) {
    const middle = Math.floor((found.distance + beyond) / 2);
    const records = await read(middle);
    if (records === null) beyond = middle;
    else found = { distance: middle, records };
  }
  return found;
}

/** All records of the days that are not zero; null when Twilio answers 404. */
async function readDays(usage: DailyUsage, { from, until }: Days): Promise<UsageRecord[] | null> {
  const records: UsageRecord[] = [];
  try {
    let page = await usage.page({
      startDate: new Date(from),
      endDate: new Date(until),
      includeSubaccounts: false,
      pageSize: PAGE_SIZE,
    });
    for (let pages = 1;; pages++) {
      records.push(...page.instances.map(recordOf).filter(hasValue));
      const next = page.nextPage();
      if (next === undefined) return records;
      if (pages === MOST_PAGES) throw new Error(`Cannot read usage: more than ${MOST_PAGES} pages from ${from}`);
      page = await next as typeof page;
    }
  } catch (error) {
    if (failureOf(error)?.kind === "not_found") return null;
    throw error;
  }
}

/** @throws Error for an amount that is not a number, which must not be taken for zero */
export function recordOf({ startDate, category, count, usage, price, priceUnit }: DailyInstance): UsageRecord {
  return {
    day: startDate.toISOString().slice(0, 10),
    category: storable(category),
    count: amountOf(count, category),
    usage: amountOf(usage, category),
    price: amountOf(price, category),
    price_unit: (priceUnit ?? "").toLowerCase(),
  };
}

/** A category is free text. Postgres stores no NUL, and no key that is too long. */
function storable(category: string): string {
  return [...category].slice(0, LONGEST_CATEGORY).join("").replace(/\p{C}/gu, "\uFFFD");
}

/** The SDK declares a price as a number and passes on what Twilio sends, which is text. */
function amountOf(value: unknown, category: string): string {
  const text = value === null || value === undefined ? "" : String(value).trim();
  if (text === "") return "0";
  if (!/^[+-]?\d+(\.\d+)?(e[+-]?\d{1,2})?$/i.test(text)) {
    throw new Error(`Cannot read the usage of "${category}": "${text.slice(0, 40)}" is not a number`);
  }
  return text;
}

function hasValue({ count, usage, price }: UsageRecord): boolean {
  return [count, usage, price].some((amount) => /[1-9]/.test(amount.replace(/e.*$/i, "")));
}

function daysBetween({ from, until }: Days): number {
  return (Date.parse(until) - Date.parse(from)) / DAY_MS;
}

function dayAfter(day: string, days: number): string {
  return new Date(Date.parse(day) + days * DAY_MS).toISOString().slice(0, 10);
}
