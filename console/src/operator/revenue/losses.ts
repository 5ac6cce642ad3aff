import type { Loss } from "../../../../client/switchboard.ts";

/** The losses of one reason in one currency, with their months, the newest first. */
export interface LossesOfReason {
  reason: string;
  /** Upper case. */
  currency: string;
  months: readonly Loss[];
  rows: number;
  amount: number;
  cost: number;
}

const EXACT = 10;
const exact = (value: number) => Number(value.toFixed(EXACT)) + 0;

/** Losses by reason and currency, the largest cost first within a currency. Amounts of two currencies are never added. */
export function lossesByReason(losses: readonly Loss[]): LossesOfReason[] {
  const groups = Map.groupBy(losses, ({ currency, reason }) => `${currency} ${reason}`);
  return [...groups.values()].map((group): LossesOfReason => ({
    reason: group[0]!.reason,
    currency: group[0]!.currency.toUpperCase(),
    months: group.toSorted((a, b) => b.month.localeCompare(a.month)),
    rows: group.reduce((sum, { rows }) => sum + rows, 0),
    amount: exact(group.reduce((sum, { amount }) => sum + amount, 0)),
    cost: exact(group.reduce((sum, { cost }) => sum + cost, 0)),
  })).sort((a, b) => a.currency.localeCompare(b.currency) || b.cost - a.cost || a.reason.localeCompare(b.reason));
}
