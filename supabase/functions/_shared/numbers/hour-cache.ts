export interface HourCacheOptions {
  now?: () => number;
  /** How long a caller waits for an answer, in milliseconds. */
  timeoutMs?: number;
}

/** A cache of what Twilio answers about a country, or about a type of numbers in it. */
export interface HourCache<Value> {
  /** The answer for a key; null if `ask` fails or takes too long. Never throws. */
  of(key: string, ask: () => Promise<Value>): Promise<Value | null>;
}

const KEPT_MS = 3_600_000;
/** While a host does not respond, only one caller a minute waits for it. */
const FAILURE_KEPT_MS = 60_000;
const TIMEOUT_MS = 1_500;

/** Keeps answers for an hour and failures for a minute. Concurrent callers share one request. */
export function hourCache<Value>(
  { now = Date.now, timeoutMs = TIMEOUT_MS }: HourCacheOptions = {},
): HourCache<Value> {
  const known = new Map<string, { answer: Promise<Value | null>; until: number }>();
  return {
    async of(key, ask) {
      let entry = known.get(key);
      if (entry === undefined || entry.until <= now()) {
        const made = { answer: ask().catch(() => null), until: now() + KEPT_MS };
        known.set(key, entry = made);
        made.answer.then((answer) => {
          if (answer === null) made.until = now() + FAILURE_KEPT_MS;
        });
      }
      return await withinTime(entry.answer, timeoutMs);
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
