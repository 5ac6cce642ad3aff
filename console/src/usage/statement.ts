import type { Statement, StatementDetails } from "../../../client/switchboard.ts";
import { sumOf } from "./amounts.ts";

type Line = StatementDetails["lines"][number];

/** Amounts are billed in units of 1/10,000 of the currency. */
const UNITS = 10_000;

/** What a number of units costs. */
export function amountOf(units: number): number {
  return units / UNITS;
}

/** What a status means to the tenant. */
export const STATUSES: Readonly<Record<Statement["status"], { label: string; color: string; text: string }>> = {
  open: { label: "Open", color: "blue", text: "The period is not over: this is what it bills so far" },
  closing: {
    label: "Closing",
    color: "orange",
    text: "The period is over. Late usage may still be added until its invoice is final",
  },
  closed: { label: "Closed", color: "gray", text: "The statement does not change any more" },
};

const moment = new Intl.DateTimeFormat(undefined, {
  day: "numeric",
  month: "short",
  year: "numeric",
  timeZone: "UTC",
});
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });

/** `12 Nov – 12 Dec 2026`, the UTC days on which the period begins and ends. */
export function periodInWords({ from, until }: Pick<Statement, "from" | "until">): string {
  return moment.formatRange(new Date(from), new Date(until));
}

/** What a statement is called. */
export function titleOf({ type }: Pick<Statement, "type">): string {
  return type === "period" ? "Statement of usage" : "Statement of later usage";
}

const TYPES: Readonly<Record<Line["type"], string>> = {
  usage: "",
  correction: "Correction",
  not_counted: "Billed by a later statement",
  sent_again: "Not billed before",
};

const STATES: Readonly<Record<Line["state"], string>> = {
  billed: "",
  pending: "Not sent to Stripe yet",
  trial: "Free trial",
  not_billed: "Not billed",
};

/** What makes a line differ from ordinary usage; empty for that. */
export function noteOf({ type, state, isLate, from, until }: Line): string {
  const late = isLate ? `Late usage of ${day.formatRange(new Date(from), new Date(until))}` : "";
  return [TYPES[type], STATES[state], late].filter((note) => note !== "").join(". ");
}

/** One of the questions whether a statement adds up. `isSo` is null while it cannot be answered. */
export interface Check {
  isSo: boolean | null;
  text: string;
}

/** Whether the lines, what Stripe has counted, and the invoice agree. */
export function checksOf({ addsUp: { ledger, summaries, invoice } }: StatementDetails): Check[] {
  return [
    {
      isSo: ledger,
      text: ledger
        ? "The lines add up to the billed amount, to less than one unit of each kind"
        : "The lines do not add up to the billed amount",
    },
    {
      isSo: summaries,
      text: summaries === null
        ? "Stripe's count of this usage is compared when the period is over"
        : summaries
        ? "Stripe has counted the same usage"
        : "Stripe has counted other usage than was sent",
    },
    {
      isSo: invoice,
      text: invoice === null
        ? "The invoice is compared when it is final"
        : invoice
        ? "The invoice bills the same usage, in whole cents"
        : "The invoice bills another amount",
    },
  ];
}

/** The sums of a statement's kinds. They are exact, and `units` is what the statement bills. */
export function sumsOf(totals: StatementDetails["totals"]) {
  return {
    price: sumOf(totals.map(({ price }) => price)),
    included: sumOf(totals.map(({ included }) => included)),
    units: totals.reduce((sum, { units }) => sum + units, 0),
  };
}
