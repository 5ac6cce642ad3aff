import type { Limits, ListedPlan } from "../../../../client/switchboard.ts";

export type { ListedPlan };
export type LimitName = keyof Limits;

export interface LimitWords {
  label: string;
  /** The most decimals. */
  decimals: number;
  most: number;
}

const COUNT = { decimals: 0, most: 2_000_000_000 };
const AMOUNT = { decimals: 2, most: 1_000_000_000 };

/** Every limit of a plan, in the order of the form. */
export const LIMITS: Readonly<Record<LimitName, LimitWords>> = {
  maxNumbers: { label: "Numbers", ...COUNT },
  maxPurchasesPerDay: { label: "Purchases of numbers a day", ...COUNT },
  maxPurchasesPerMonth: { label: "Purchases of numbers a month", ...COUNT },
  maxNumberPrice: { label: "Highest price of a number", ...AMOUNT },
  dailyMessageLimit: { label: "Messages a day", ...COUNT },
  monthlyMessageLimit: { label: "Messages a month", ...COUNT },
  spendLimit: { label: "Spend limit of a billing period", ...AMOUNT },
  messagesPerSecond: { label: "Campaign messages a second", decimals: 3, most: 1_000 },
};

export const LIMIT_NAMES = Object.keys(LIMITS) as LimitName[];

/** What was entered: a number, or an empty text. */
export type Entered = Readonly<Record<LimitName, number | string>>;

/** What is wrong with an entered limit; null for one that the functions accept. */
export function faultOfLimit(name: LimitName, value: number | string): string | null {
  const { decimals, most } = LIMITS[name];
  const least = name === "messagesPerSecond" ? 0.01 : 0;
  if (value === "" || typeof value !== "number" || !Number.isFinite(value)) return "Enter a number";
  if (value < least || value > most) return `Enter ${least} to ${most.toLocaleString()}`;
  return Number(value.toFixed(decimals)) === value
    ? null
    : decimals === 0
    ? "Enter a whole number"
    : `Use at most ${decimals} decimals`;
}

/** The limits that differ from the plan's. */
export function changedLimits({ limits }: Pick<ListedPlan, "limits">, entered: Entered): Partial<Limits> {
  return Object.fromEntries(
    LIMIT_NAMES.filter((name) => entered[name] !== limits[name]).map((name) => [name, Number(entered[name])]),
  );
}

/** The limits that become lower: only they can stop a tenant. */
export function loweredLimits({ limits }: Pick<ListedPlan, "limits">, changed: Partial<Limits>): LimitName[] {
  return LIMIT_NAMES.filter((name) => changed[name] !== undefined && changed[name] < limits[name]);
}

/** `Team`, or with more than one version `Team, version 2`. */
export function planName({ name, version }: Pick<ListedPlan, "name" | "version">): string {
  return version === 1 ? name : `${name}, version ${version}`;
}

/** The key of the version that replaces a plan: as `public.set_plan_limits` makes it. */
export function nextKey({ key, version }: Pick<ListedPlan, "key" | "version">): string {
  return `${key.replace(/-v\d+$/, "")}-v${version + 1}`;
}

/** The plans of tenants without a subscription: they have no price. */
const WITHOUT_SUBSCRIPTION: Readonly<Record<string, string>> = {
  fallback: "Users without a subaccount, on shared numbers",
  free: "Tenants with a subaccount and no subscription",
};

/** Which tenants have a plan without a subscription; null for a plan that is sold. */
export function usedWithoutSubscription({ key }: Pick<ListedPlan, "key">): string | null {
  return WITHOUT_SUBSCRIPTION[key] ?? null;
}

const subscriptionsOf = (count: number) => `${count.toLocaleString()} subscription${count === 1 ? "" : "s"}`;

/**
 * What a change of limits does, before it is made.
 * @param isForSold whether the operator changes a plan that was sold for those who have it
 */
export function effectOf(plan: ListedPlan, isForSold: boolean): string {
  const { subscriptions, version, wasSold } = plan;
  if (!wasSold) {
    return "No subscription has or had this plan, so its limits change at once, also for tenants who use it without a " +
      "subscription.";
  }
  if (isForSold) {
    return `The limits change at once for all that have ${planName(plan)}: ${
      subscriptionsOf(subscriptions)
    }. A lower ` +
      "limit stops messages and purchases beyond it.";
  }
  return `Version ${version + 1} goes on sale with these limits. ${planName(plan)} is no longer sold: ` +
    `${subscriptionsOf(subscriptions)} ${
      subscriptions === 1 ? "keeps" : "keep"
    } it, with its limits. The new version ` +
    `needs a price at Stripe before it can be bought: name it here, or give a price the lookup key ${nextKey(plan)}.`;
}

/** Plans with their versions, the newest first, by rank. */
export function byName(plans: readonly ListedPlan[]): { newest: ListedPlan; earlier: ListedPlan[] }[] {
  const groups = Map.groupBy(plans, ({ key }) => key.replace(/-v\d+$/, ""));
  return [...groups.values()].map((group) => {
    const [newest, ...earlier] = group.toSorted((a, b) => b.version - a.version);
    return { newest: newest!, earlier };
  }).sort((a, b) => a.newest.rank - b.newest.rank);
}
