import type { Usage } from "../../../client/switchboard.ts";
import { longDate } from "../platform/dates.ts";
import type { Notice } from "../subaccount/notices.ts";

/** A limit of the plan that is nearly or fully used. */
export interface UsedLimit {
  kind: "spend" | "month" | "day";
  /** Whether the limit is reached, so that what does not fit is refused. Otherwise at least 80 % are used. */
  isReached: boolean;
  /** A sentence with the amounts and when the limit resets. */
  text: string;
  /** Changes when the limit does, or its period ends: a dismissal counts for one. */
  id: string;
}

/** The share of a limit from which on it is announced. */
export const NEARLY = 0.8;

/** The limits that are used for 80 % or more: those that are reached first, then spending before messages. */
export function usedLimits(usage: Usage, notices: readonly Notice[], now: Date): UsedLimit[] {
  return [spending(usage, notices, now), monthly(usage, now), daily(usage)]
    .filter((limit) => limit !== null)
    .toSorted((a, b) => Number(b.isReached) - Number(a.isReached));
}

function spending({ period }: Usage, notices: readonly Notice[], now: Date): UsedLimit | null {
  const { limit, left, until, currency } = period;
  const isReached = isSpendReached(period, notices, now);
  if (limit <= 0 || (!isReached && limit - left < NEARLY * limit)) return null;
  const amount = amountIn(currency);
  const resets = `It resets on ${longDate(until)}`;
  return {
    kind: "spend",
    isReached,
    id: `spend ${limit} ${until}`,
    text: isReached
      ? `Your spend limit of ${amount(limit)} is reached, so what costs more is refused. ${resets}`
      : `You have used ${amount(limit - left)} of your spend limit of ${amount(limit)}. ${resets}`,
  };
}

/** Messages rarely add up to the limit exactly: it is reached when the next one does not fit, which only a notice tells. */
export function isSpendReached({ limit, left }: Usage["period"], notices: readonly Notice[], now: Date): boolean {
  return left <= 0 || notices.some(({ kind, details }) => {
    const { percent, limit: of, periodEnd } = details;
    return kind === "usage.threshold" && percent === 100 && of === limit && Date.parse(periodEnd ?? "") > now.getTime();
  });
}

function monthly({ messages: { month: { limit, left } } }: Usage, now: Date): UsedLimit | null {
  if (limit <= 0 || limit - left < NEARLY * limit) return null;
  const next = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1)).toISOString().slice(0, 10);
  return messagesUsed("month", limit, left, "this month", `It resets on ${longDate(next)}`, next);
}

function daily({ messages: { day: { limit, left } } }: Usage): UsedLimit | null {
  if (limit <= 0 || limit - left < NEARLY * limit) return null;
  return messagesUsed("day", limit, left, "in 24 hours", "A message counts for 24 hours", "");
}

function messagesUsed(
  kind: "month" | "day",
  limit: number,
  left: number,
  span: string,
  resets: string,
  period: string,
): UsedLimit {
  const number = new Intl.NumberFormat();
  const isReached = left <= 0;
  return {
    kind,
    isReached,
    id: `${kind} ${limit} ${period}`,
    text: isReached
      ? `You have sent the ${number.format(limit)} messages that your plan allows ${span}. ${resets}`
      : `You have sent ${number.format(limit - left)} of the ${
        number.format(limit)
      } messages that your plan allows ${span}. ${resets}`,
  };
}

/** `$16.10`. Without a currency, the amounts are estimates in the currency of no bill yet. */
function amountIn(currency: string | null): (amount: number) => string {
  const format = new Intl.NumberFormat(undefined, {
    ...(currency !== null && { style: "currency", currency }),
    maximumFractionDigits: 2,
  });
  return (amount) => format.format(amount);
}
