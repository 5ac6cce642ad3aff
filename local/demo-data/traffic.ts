import type { Business } from "./businesses.ts";
import { randomFrom } from "./random.ts";

/** A message of the past. */
export interface PlannedMessage {
  at: Date;
  direction: "inbound" | "outbound";
  /** The number of the business. */
  own: string;
  peer: string;
  body: string;
  status: "delivered" | "undelivered" | "received";
  errorCode: number | null;
}

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** When a business opens, in UTC: 8 am in California. Its last exchange of a day begins nine hours later. */
const OPENS_AT_HOUR = 16;
const OPEN_MINUTES = 7.5 * 60;
/** One of so many texts is not delivered: the handset was switched off. */
const FAILS_ONE_IN = 24;
const UNREACHABLE_HANDSET = 30003;

/**
 * What a business writes and receives between two moments, oldest first. The same days have the same messages in every run;
 * no two messages of one conversation have the same time.
 */
export function plannedTraffic(business: Business, from: Date, until: Date): PlannedMessage[] {
  const messages: PlannedMessage[] = [];
  const firstDay = Math.floor(from.getTime() / DAY);
  for (let day = firstDay; day * DAY < until.getTime(); day++) {
    // By the day's distance from the first one, so that the content does not depend on the date.
    const random = randomFrom(business.seed * 1000 + day - firstDay);
    const weekday = new Date(day * DAY).getUTCDay();
    for (let count = business.exchangesByWeekday[weekday]!; count > 0; count--) {
      const { name, phoneNumber: peer } = random.pick(business.people);
      // A person always writes with the same number of the business.
      const { phoneNumber: own } = business
        .numbers[Number(peer.slice(-1)) % 4 === 1 ? business.numbers.length - 1 : 0]!;
      let at = day * DAY + OPENS_AT_HOUR * 60 * MINUTE + random.next() * OPEN_MINUTES * MINUTE;
      for (const line of random.pick(business.exchanges)) {
        const isInbound = line.startsWith("<");
        const fails = !isInbound && random.below(FAILS_ONE_IN) === 0;
        messages.push({
          at: new Date(Math.floor(at)),
          direction: isInbound ? "inbound" : "outbound",
          own,
          peer,
          body: line.slice(1).replaceAll("{name}", name.split(" ")[0]!),
          status: isInbound ? "received" : fails ? "undelivered" : "delivered",
          errorCode: fails ? UNREACHABLE_HANDSET : null,
        });
        if (fails) break;
        at += (1 + random.next() * 6) * MINUTE;
      }
    }
  }
  return messages.filter(({ at }) => at >= from && at < until).sort((a, b) => a.at.getTime() - b.at.getTime());
}
