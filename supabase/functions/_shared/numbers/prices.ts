import type { NumberPrices } from "../twilio/pricing.ts";

export interface PriceCacheOptions {
  now?: () => number;
  /** How long a caller waits for prices, in milliseconds. */
  timeoutMs?: number;
}

/** A cache of prices by country. */
export interface PriceCache {
  /** The prices in a country; null if `ask` fails or takes too long. Never throws. */
  in(country: string, ask: () => Promise<NumberPrices>): Promise<NumberPrices | null>;
}

const KEPT_MS = 3_600_000;
/** While a host does not respond, only one caller a minute waits for it. */
const FAILURE_KEPT_MS = 60_000;
const TIMEOUT_MS = 1_500;

/** Keeps prices for an hour and failures for a minute. Concurrent callers share one request. */
export function priceCache(
  { now = Date.now, timeoutMs = TIMEOUT_MS }: PriceCacheOptions = {},
): PriceCache {
  const known = new Map<string, { prices: Promise<NumberPrices | null>; until: number }>();
  return {
    async in(country, ask) {
      let entry = known.get(country);
      if (entry === undefined || entry.until <= now()) {
        const made = { prices: ask().catch(() => null), until: now() + KEPT_MS };
        known.set(country, entry = made);
        made.prices.then((prices) => {
          if (prices === null) made.until = now() + FAILURE_KEPT_MS;
        });
      }
      return await withinTime(entry.prices, timeoutMs);
    },
  };
}

async function withinTime<Value>(value: Promise<Value>, ms: number): Promise<Value | null> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<null>((resolve) => timer = setTimeout(() => resolve(null), ms));
  try {
    return await Promise.race([value, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The highest monthly price of a number that may be of any of these types; null if none is known. Where the types are unknown,
 * or Twilio prices none of them, it is the highest price of the country: a limit on spending must not count too little.
 */
export function highestPrice({ byType }: NumberPrices, types: readonly string[] | null): number | null {
  const priced = (types ?? []).flatMap((type) => byType.get(type) ?? []);
  // An empty text, or 0, is no price: the number would count nothing.
  const amounts = (priced.length > 0 ? priced : [...byType.values()]).map(Number).filter((amount) => amount > 0);
  const highest = Math.max(...amounts);
  return Number.isFinite(highest) ? highest : null;
}
