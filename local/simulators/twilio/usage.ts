import { monthlyCharges, usageNow } from "./charges.ts";
import type { Charge } from "./records.ts";
import type { Simulation } from "./simulation.ts";
import type { Store } from "./store.ts";
import { categoriesAround, LISTED_CATEGORIES } from "./usage-categories.ts";

/** The usage of one category. The price is in millionths of the account's currency, positive for a charge. */
export interface Usage {
  count: number;
  usage: number;
  micros: number;
}

/** `[from, until)` in milliseconds. */
export interface Period {
  from: number;
  until: number;
}

export const NOTHING_USED: Readonly<Usage> = { count: 0, usage: 0, micros: 0 };

/** Returns the charges of some accounts that usage shows by now, also those of numbers without activity. */
export function visibleCharges(simulation: Simulation, accounts: ReadonlySet<string>): Charge[] {
  const { store, settings } = simulation;
  const now = usageNow(simulation);
  const fees = store.purchases.flatMap((purchase) => monthlyCharges(purchase, now, settings.usageDelayMs));
  return [...accounts].flatMap((sid) => store.chargesOf(sid))
    .concat(fees.filter(({ accountSid }) => accounts.has(accountSid)))
    .filter(({ visibleAt }) => visibleAt <= now);
}

/** Adds up the charges of a period, by category, each also in the categories that contain its own. */
export function usageByCategory(charges: Charge[], period: Period): Map<string, Usage> {
  const sums = new Map<string, Usage>();
  for (const charge of charges) {
    if (charge.at < period.from || charge.at >= period.until) continue;
    for (const category of categoriesAround(charge.category)) {
      const { count, usage, micros } = sums.get(category) ?? NOTHING_USED;
      sums.set(category, { count: count + charge.count, usage: usage + charge.usage, micros: micros + charge.micros });
    }
  }
  return sums;
}

/** Returns the categories of usage records: those that Twilio always lists, and those of the charges. */
export function categoriesOf(charges: Charge[]): string[] {
  return [...new Set([...LISTED_CATEGORIES, ...charges.map(({ category }) => category)])].sort();
}

/** Returns the SIDs of the account and, if `includeSubaccounts`, of its subaccounts. */
export function familyOf(store: Store, accountSid: string, includeSubaccounts: boolean): Set<string> {
  const children = includeSubaccounts ? store.subaccountsOf(accountSid).map((account) => account.sid) : [];
  return new Set([accountSid, ...children]);
}
