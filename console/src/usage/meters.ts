import type { Usage } from "../../../client/switchboard.ts";
import { isSpendReached, NEARLY } from "../billing/limits.ts";
import { longDate } from "../platform/dates.ts";
import { roundMoneyOf } from "./amounts.ts";
import type { Notice } from "../subaccount/notices.ts";

/** How much of a limit is used. */
export interface Meter {
  key: "day" | "month" | "spend" | "numbers";
  label: string;
  /** Of the limit, from 0 to 1. */
  share: number;
  /** `near`: 80 % or more. `none`: the plan allows nothing of it. */
  level: "fine" | "near" | "reached" | "none";
  /** `82 of 100` */
  amount: string;
  /** The level in words; empty while all is well. */
  warning: string;
  /** When the limit resets, or what else is to know. */
  note: string;
}

interface Measured {
  key: Meter["key"];
  label: string;
  used: number;
  limit: number;
  write: (value: number) => string;
  note: string;
  isReached?: boolean;
}

export interface HeldNumbers {
  limit: number;
  held: number;
}

/** The limits on messages, spending and numbers. @param numbers null while it is not known */
export function metersOf(usage: Usage, numbers: HeldNumbers | null, notices: readonly Notice[], now: Date): Meter[] {
  const { messages: { day, month }, period } = usage;
  const reset = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1)).toISOString().slice(0, 10);
  const spent = period.limit - period.left;
  const aside = Math.round((spent - period.price) * 100_000) / 100_000;
  return [
    meter({
      key: "day",
      label: "Messages in 24 hours",
      used: day.limit - day.left,
      limit: day.limit,
      write: whole,
      note: "A message counts for 24 hours",
    }),
    meter({
      key: "month",
      label: "Messages this month",
      used: month.limit - month.left,
      limit: month.limit,
      write: whole,
      note: `Resets on ${dayInWords(reset)}`,
    }),
    meter({
      key: "spend",
      label: "Spending in this period",
      used: spent,
      limit: period.limit,
      write: roundMoneyOf(period.currency),
      note: `${spendNoteOf(aside, roundMoneyOf(period.currency))}Resets on ${dayInWords(period.until)}`,
      isReached: isSpendReached(period, notices, now),
    }),
    ...(numbers === null ? [] : [
      meter({
        key: "numbers",
        label: "Numbers",
        used: numbers.held,
        limit: numbers.limit,
        write: whole,
        note: numbers.held > numbers.limit
          ? "Numbers beyond the limit can only receive"
          : "Those being bought or released count",
      }),
    ]),
  ];
}

/** Why what counts for the limit differs from what was used on the days of the period. */
function spendNoteOf(aside: number, write: (amount: number) => string): string {
  if (aside > 0) return `${write(aside)} of it is set aside for fees of your numbers. `;
  return aside < 0 ? "Counts from the moment the period began, not its whole first day. " : "";
}

function meter({ key, label, used, limit, write, note, isReached = used >= limit }: Measured): Meter {
  const share = limit <= 0 ? (used > 0 ? 1 : 0) : Math.min(1, Math.max(0, used / limit));
  const level = limit <= 0 && used <= 0 ? "none" : isReached ? "reached" : share >= NEARLY ? "near" : "fine";
  return {
    key,
    label,
    share,
    level,
    amount: `${write(used)} of ${write(limit)}`,
    warning: WARNINGS[level](share),
    note,
  };
}

const WARNINGS: Readonly<Record<Meter["level"], (share: number) => string>> = {
  fine: () => "",
  // A limit that is not reached is not said to be used up.
  near: (share) => `${Math.min(99, Math.floor(share * 100))} % used`,
  reached: () => "Limit reached",
  none: () => "Not in your plan",
};

const number = new Intl.NumberFormat();
const whole = (value: number) => number.format(value);
/** A UTC day is the same day for every reader. */
const dayInWords = (day: string) => longDate(`${day}T12:00:00`);
