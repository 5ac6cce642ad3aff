/**
 * The reference calculator of billing: what a tenant must be billed for a history of usage, in exact arithmetic. It shares no
 * code and no table with the product. `verdict.ts` compares its results with the invoices of the Stripe simulator.
 */

export const KINDS = ["sms_out", "sms_in", "mms_out", "mms_in", "number", "fee"] as const;
export type Kind = typeof KINDS[number];

/** A fraction of whole numbers. The denominator is positive. */
export interface Fraction {
  over: bigint;
  under: bigint;
}

/** The fraction that a decimal text such as "-0.00750" stands for. */
export function fraction(text: string): Fraction {
  const parts = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  if (parts === null) throw new Error(`Cannot read "${text}" as a decimal number`);
  const [, sign, whole, decimals = ""] = parts;
  const over = BigInt(whole! + decimals);
  return { over: sign === "-" ? -over : over, under: 10n ** BigInt(decimals.length) };
}

export const ZERO: Fraction = { over: 0n, under: 1n };
export const whole = (number: bigint | number): Fraction => ({ over: BigInt(number), under: 1n });
export const plus = (a: Fraction, b: Fraction): Fraction =>
  reduced({ over: a.over * b.under + b.over * a.under, under: a.under * b.under });
export const minus = (a: Fraction, b: Fraction): Fraction => plus(a, { over: -b.over, under: b.under });
export const times = (a: Fraction, b: Fraction): Fraction =>
  reduced({ over: a.over * b.over, under: a.under * b.under });
export const over = (a: Fraction, b: bigint): Fraction => reduced({ over: a.over, under: a.under * b });
export const shown = ({ over, under }: Fraction): string => (Number(over) / Number(under)).toFixed(6);

/** Toward minus infinity. */
export function floor({ over, under }: Fraction): bigint {
  const quotient = over / under;
  return over % under < 0n ? quotient - 1n : quotient;
}

/** Toward plus infinity. */
export const ceiling = ({ over, under }: Fraction): bigint => -floor({ over: -over, under });

/** To the nearest whole number, and a half toward plus infinity. */
export const rounded = (amount: Fraction): bigint => floor(plus(amount, { over: 1n, under: 2n }));

function reduced({ over, under }: Fraction): Fraction {
  let [a, b] = [over < 0n ? -over : over, under];
  while (b !== 0n) [a, b] = [b, a % b];
  return a <= 1n ? { over, under } : { over: over / a, under: under / a };
}

/** A version of a plan, as it was sold. */
export interface PlanVersion {
  /** Of two subscriptions, the one with the higher rank pays. */
  rank: number;
  currency: string;
  markup: string;
  /** Of each kind: segments of SMS, messages of MMS, monthly fees of numbers. */
  included: Partial<Record<Kind, number>>;
}

/** One message or fee, as it is in the end. Times are microseconds since 1970. */
export interface Usage {
  /** Orders usage of the same moment. */
  id: string;
  kind: Kind;
  at: bigint;
  /** The currency in which Twilio charges it, in upper case. */
  unit: string;
  plan: string;
  /** The markup at the time of use; the plan's when absent. */
  markup?: string;
  /** Segments of an SMS, otherwise the count. */
  pieces: number;
  /** What Twilio charges, in the end; null when it does not count. */
  cost: string | null;
}

/** A billing period of the subscription that pays. `from` belongs to it, `until` does not. */
export interface Period {
  from: bigint;
  until: bigint;
  currency: string;
  isTrial: boolean;
  /** The tenant's own subscription; null when no subscription pays. */
  subscription: string | null;
  customer: string | null;
  /** When the subscription was created. */
  createdAt: bigint;
  /** Since when each kind has a metered item; a kind without one is missing. */
  meteredSince: Partial<Record<Kind, bigint>>;
}

/** From a UTC day on, such as "2027-01-15". */
export interface ExchangeRate {
  unit: string;
  currency: string;
  from: string;
  rate: string;
}

/** When a version of a plan came into force for a subscription. */
export interface InForce {
  subscription: string;
  plan: string;
  from: bigint;
}

export interface Facts {
  plans: Readonly<Record<string, PlanVersion>>;
  rates: readonly ExchangeRate[];
  /** Of all subscriptions. Usage outside of them belongs to the calendar month in UTC, and has no payer. */
  periods: readonly Period[];
  versions: readonly InForce[];
  usage: readonly Usage[];
}

export type Fate = "billed" | "trial" | "no_payer" | "before_metering";

/** What one tenant's usage of one kind in one period comes to. */
export interface Due {
  kind: Kind;
  from: bigint;
  until: bigint;
  fate: Fate;
  currency: string;
  subscription: string | null;
  /** The exact amount in units of 1/10,000 of the currency. */
  exact: Fraction;
  /** The amount in whole units. Each row is rounded half up and carries its remainder, so no other sum is right. */
  units: bigint;
  pieces: bigint;
}

const UNITS = whole(10_000);

/** What must be billed, and what must be lost for which reason: one entry for each kind, period and fate. */
export function reckon(facts: Facts): Due[] {
  const dues = new Map<string, Due>();
  const covered = new Map<string, bigint>();
  const ordered = facts.usage.filter(({ cost }) => cost !== null)
    .toSorted((a, b) => a.at < b.at ? -1 : a.at > b.at ? 1 : a.id < b.id ? -1 : 1);
  for (const usage of ordered) {
    const plan = facts.plans[usage.plan]!;
    const period = payerAt(usage.at, facts) ?? calendarMonth(usage.at, plan.currency);
    const fate = fateOf(usage, period);
    const price = priceOf(usage, plan);
    const included = includedPart(price, coveredPieces(usage, period, facts, covered), BigInt(usage.pieces));
    const rate = rateOn(facts.rates, usage.unit, period.currency, dayOf(usage.at));
    const exact = fate === "trial" ? ZERO : times(times(minus(price, included), rate), UNITS);
    const key = `${usage.kind} ${period.from} ${period.subscription} ${fate} ${period.currency}`;
    const due = dues.get(key) ?? {
      ...{ kind: usage.kind, from: period.from, until: period.until, fate, currency: period.currency },
      ...{ subscription: period.subscription, exact: ZERO, units: 0n, pieces: 0n },
    };
    due.exact = plus(due.exact, exact);
    due.units = rounded(due.exact);
    due.pieces += BigInt(usage.pieces);
    dues.set(key, due);
  }
  return [...dues.values()];
}

/**
 * Of several subscriptions, the one whose plan has the highest rank at that moment pays, and then the newest. Of several of its
 * customer, the one that has had metered items for the longest time: a meter counts by customer.
 */
function payerAt(at: bigint, { periods, versions, plans }: Facts): Period | undefined {
  const rankOf = ({ subscription }: Period) => {
    const version = versions.findLast((each) => each.subscription === subscription && each.from <= at);
    return version === undefined ? -1 : plans[version.plan]!.rank;
  };
  const candidates = periods.filter(({ from, until }) => from <= at && at < until)
    .toSorted((a, b) => rankOf(b) - rankOf(a) || (a.createdAt > b.createdAt ? -1 : 1));
  const began = ({ meteredSince }: Period) => Object.values(meteredSince).filter((since) => since <= at).sort()[0];
  const metered = candidates.filter((each) => each.customer === candidates[0]!.customer && began(each) !== undefined);
  return metered.toSorted((a, b) => began(a)! < began(b)! ? -1 : began(a)! > began(b)! ? 1 : 0)[0] ?? candidates[0];
}

/** The cost times the markup, rounded up to five decimals, and never below zero. */
function priceOf(usage: Usage, plan: PlanVersion): Fraction {
  const steps = ceiling(times(times(fraction(usage.cost!), fraction(usage.markup ?? plan.markup)), whole(100_000)));
  return over(whole(steps > 0n ? steps : 0n), 100_000n);
}

/** What is covered in part has that part of its price, rounded up to five decimals. */
function includedPart(price: Fraction, covered: bigint, pieces: bigint): Fraction {
  return over(whole(ceiling(over(times(price, whole(covered * 100_000n)), pieces))), 100_000n);
}

/** How much of a use the plan still includes. Use after use takes from what the version includes for its part of a period. */
function coveredPieces(usage: Usage, period: Period, facts: Facts, covered: Map<string, bigint>): bigint {
  const most = includedPieces(usage, period, facts);
  const key = `${usage.kind} ${period.from} ${period.subscription} ${usage.plan}`;
  const before = covered.get(key) ?? 0n;
  const left = most > before ? most - before : 0n;
  const pieces = left < BigInt(usage.pieces) ? left : BigInt(usage.pieces);
  covered.set(key, before + pieces);
  return pieces;
}

/** What a version includes in a period: its share of the seconds, rounded down. Without a payer it includes the whole. */
function includedPieces({ kind, plan }: Usage, period: Period, { plans, versions }: Facts): bigint {
  const most = plans[plan]!.included[kind] ?? 0;
  if (most === 0 || period.subscription === null) return BigInt(most);
  let inForce = 0n;
  const ofSubscription = versions.filter(({ subscription }) => subscription === period.subscription);
  ofSubscription.forEach((version, index) => {
    if (version.plan !== plan) return;
    const from = version.from > period.from ? version.from : period.from;
    const next = ofSubscription[index + 1]?.from ?? period.until;
    const until = next < period.until ? next : period.until;
    if (until > from) inForce += until - from;
  });
  return BigInt(most) * inForce / (period.until - period.from);
}

/** Usage without a payer is a loss in the currency of its plan. */
function calendarMonth(at: bigint, currency: string): Period {
  const date = new Date(Number(at / 1000n));
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  const from = BigInt(Date.UTC(year, month)) * 1000n;
  const until = BigInt(Date.UTC(year, month + 1)) * 1000n;
  return {
    from,
    until,
    currency,
    isTrial: false,
    subscription: null,
    customer: null,
    createdAt: from,
    meteredSince: {},
  };
}

function fateOf({ kind, at }: Usage, { subscription, isTrial, meteredSince }: Period): Fate {
  if (subscription === null) return "no_payer";
  if (isTrial) return "trial";
  const since = meteredSince[kind];
  return since === undefined || at < since ? "before_metering" : "billed";
}

/** The rate of the day of use: the last one that was in force. */
export function rateOn(rates: readonly ExchangeRate[], unit: string, currency: string, day: string): Fraction {
  if (unit.toLowerCase() === currency) return whole(1);
  const rate = rates.filter((each) => each.unit === unit && each.currency === currency && each.from <= day)
    .toSorted((a, b) => a.from < b.from ? 1 : -1)[0];
  if (rate === undefined) throw new Error(`Cannot exchange "${unit}" into "${currency}" on ${day}: no rate is given`);
  return fraction(rate.rate);
}

export const dayOf = (at: bigint): string => new Date(Number(at / 1000n)).toISOString().slice(0, 10);
