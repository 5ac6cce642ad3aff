import type { Json } from "../database.types.ts";
import { compositesFrom, type Enum } from "../platform/database.ts";

type Kind = Enum<"usage_kind">;

/** A day, or the part of one in a billed period, with what Stripe should count of it. Times are in Unix seconds. */
export interface Slice {
  kind: Kind;
  /** A UTC day, such as `2026-11-27`. */
  day: string;
  billedStart: string;
  expected: number;
  /** The timestamps of the first and the last of our events. */
  first: number;
  last: number;
  /** Whether an event of ours has the first second of the next day. */
  endsWithEvent: boolean;
}

/** Reads an array of `meter_window`. */
export function slicesOf(windows: Json): Slice[] {
  return compositesFrom("meter_window", windows).map((window) => ({
    kind: window.kind!,
    day: window.day!,
    billedStart: window.billed_start!,
    expected: window.expected!,
    first: Date.parse(window.first_at!) / 1000,
    last: Date.parse(window.last_at!) / 1000,
    endsWithEvent: window.ends_with_event!,
  }));
}

/** A range whose summary is read. Its edges are on whole minutes, and no event of ours is on the second of an edge. */
export interface Window {
  kind: Kind;
  day: string;
  start: number;
  end: number;
  /** Whether it is the whole UTC day, so that one call reads many of them. */
  isDay: boolean;
  /** More than one when their events lie too close together to be told apart. */
  slices: Slice[];
}

const MINUTE = 60;
const DAY = 86_400;

/**
 * The ranges to read for the slices of a customer. A range ends a minute early when an event of ours is on the second of its
 * end, because it is not certain to which side Stripe counts that second.
 */
export function windowsOf(slices: readonly Slice[]): Window[] {
  const days = Map.groupBy(slices, ({ kind, day }) => `${kind} ${day}`);
  return [...days.values()].flatMap((parts) => windowsOfDay(parts.toSorted((a, b) => a.first - b.first)));
}

function windowsOfDay(parts: Slice[]): Window[] {
  const { kind, day } = parts[0]!;
  const start = Date.parse(`${day}T00:00:00Z`) / 1000;
  const windows: Window[] = [{ kind, day, start, end: start + DAY, isDay: true, slices: [parts[0]!] }];
  for (const part of parts.slice(1)) {
    const before = windows.at(-1)!;
    const cut = cutBetween(lastOf(before), part.first);
    if (cut === null) {
      before.slices.push(part);
    } else {
      windows.push({ ...before, start: cut, slices: [part], isDay: false });
      Object.assign(before, { end: cut, isDay: false });
    }
  }
  const final = windows.at(-1)!;
  const early = final.end - MINUTE;
  if (parts.some(({ endsWithEvent }) => endsWithEvent) && early > lastOf(final)) {
    Object.assign(final, { end: early, isDay: false });
  }
  return windows;
}

const lastOf = ({ slices }: Window) => Math.max(...slices.map(({ last }) => last));

/** A whole minute after one event and before another, on the second of neither; null when there is none. */
function cutBetween(before: number, after: number): number | null {
  const cut = Math.ceil(after / MINUTE) * MINUTE - MINUTE;
  return cut > before ? cut : null;
}

/** What Stripe counts of a slice, for the database to compare. */
export interface Count {
  kind: Kind;
  day: string;
  billed_start: string;
  counted: number;
}

/** Attributes what a window has to its slices. Those that cannot be told apart differ in the last one. */
export function countsOf(window: Window, counted: number): Count[] {
  const last = window.slices.at(-1)!;
  return window.slices.map((slice) => ({
    kind: slice.kind,
    day: slice.day,
    billed_start: slice.billedStart,
    counted: slice === last ? countOf(window, slice.billedStart, counted) : slice.expected,
  }));
}

/** What a window has of one of its slices, when the others have what they should. */
export function countOf({ slices }: Window, billedStart: string, counted: number): number {
  const others = slices.filter((slice) => slice.billedStart !== billedStart);
  return counted - others.reduce((sum, { expected }) => sum + expected, 0);
}
