import type { NumberPrices } from "../twilio/pricing.ts";

export interface RememberedPricesOptions {
  now?: () => number;
  /** How long a search waits for prices, in milliseconds. */
  patienceMs?: number;
}

/** Prices by country, asked for seldom. */
export interface RememberedPrices {
  /** The prices in a country; null where `ask` fails or takes too long. Never throws. */
  in(country: string, ask: () => Promise<NumberPrices>): Promise<NumberPrices | null>;
}

const KEPT_MS = 3_600_000;
/** So that a host that does not answer costs one search a minute its patience, not each. */
const FAILURE_KEPT_MS = 60_000;
const PATIENCE_MS = 1_500;

/** Remembers prices for an hour and failures for a minute; who asks while somebody asks waits for the same answer. */
export function rememberedPrices(
  { now = Date.now, patienceMs = PATIENCE_MS }: RememberedPricesOptions = {},
): RememberedPrices {
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
      return await withinTime(entry.prices, patienceMs);
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
