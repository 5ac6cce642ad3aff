import { type Db, decide } from "../platform/database.ts";
import { describeError, type Log } from "../platform/log.ts";
import type { MessagePricing } from "../twilio/message-pricing.ts";
import { failureOf } from "../twilio/errors.ts";

export interface PriceDependencies {
  db: Db;
  log: Log;
  messagePricing: () => Promise<MessagePricing>;
}

const AT_ONCE = 8;
/** Each request without a response takes half a minute: all countries would take longer than a job may. */
const MOST_UNANSWERED = AT_ONCE;

/**
 * Stores Twilio's price list for messages. A country whose prices cannot be read keeps its stored price. Stops reading
 * when Twilio does not answer.
 * @returns how many prices are new or changed
 * @throws the error of a country, after the prices of the others are stored
 */
export async function refreshMessagePrices({ db, log, messagePricing }: PriceDependencies): Promise<number> {
  const pricing = await messagePricing();
  const countries = await pricing.countries();
  const prices = new Map<string, { country: string; unit_price: string }[]>();
  const errors: unknown[] = [];
  let unanswered = 0;
  const readNext = async () => {
    for (let country = countries.pop(); country !== undefined; country = countries.pop()) {
      if (unanswered >= MOST_UNANSWERED) return;
      try {
        const listed = await pricing.segmentPrice(country);
        if (listed === null) continue;
        const { price, unit } = listed;
        prices.set(unit, [...prices.get(unit) ?? [], { country, unit_price: price }]);
      } catch (error) {
        log.warn("message_prices.not_read", { country, ...describeError(error) });
        const failure = failureOf(error);
        if (failure?.kind !== "not_found") errors.push(error);
        if (failure?.kind === "unknown" || failure?.kind === "throttled") unanswered++;
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, readNext));
  let changed = 0;
  let read = 0;
  // Twilio bills an account in one currency, so this is one list.
  for (const [unit, listed] of prices) {
    changed += await decide(db, "record_listed_prices", { p_prices: listed, p_price_unit: unit });
    read += listed.length;
  }
  log.info("message_prices.refreshed", { read, changed, failed: errors.length });
  if (errors.length > 0) throw errors[0];
  return changed;
}
