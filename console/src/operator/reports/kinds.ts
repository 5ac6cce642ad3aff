import type { Reconciliation } from "../../../../client/switchboard.ts";

const FIELDS = [
  "usageCount",
  "usagePrice",
  "priced",
  "ledgerPrice",
  "open",
  "otherCurrency",
  "missingHere",
  "missingAtTwilio",
] as const;

/** What both sides have of one kind: counts, and amounts in the day's currency. */
export type EvidenceRow = { kind: string } & Record<(typeof FIELDS)[number], number>;

/** The evidence of a day as a table. What a kind does not state is zero. */
export function evidenceOf(kinds: Reconciliation["kinds"]): EvidenceRow[] {
  return Object.entries(kinds).sort(([one], [other]) => one < other ? -1 : 1).map(([kind, counts]) => {
    const stated = (typeof counts === "object" && counts !== null ? counts : {}) as Readonly<Record<string, unknown>>;
    const numbers = Object.fromEntries(FIELDS.map((field) => [field, Number(stated[field] ?? 0) || 0]));
    return { kind, ...numbers } as EvidenceRow;
  });
}
