import type { Usage } from "../../../client/switchboard.ts";
import { dateAndTime, longDate } from "../platform/dates.ts";
import { roundMoneyOf } from "./amounts.ts";

/** What the tenant will probably pay for usage in this period, and how that is known. */
export interface Forecast {
  amount: string | null;
  text: string;
}

export function forecastOf({ period }: Usage, currencies: number): Forecast {
  if (period.forecast !== null) {
    return {
      amount: roundMoneyOf(period.currency)(period.forecast),
      text: `Until ${
        dayInWords(period.until)
      }, if the other days are like the complete ones. The fees of your present numbers are included`,
    };
  }
  return {
    amount: null,
    text: currencies > 1
      ? "There is no forecast, because your usage has more than one currency"
      : "A forecast appears after three complete days of a billing period",
  };
}

/** How complete the numbers of a report are. Each is a sentence without a final period. */
export function freshnessOf({ estimatedMessages, feesReadAt, feesFinalUntil }: Usage["freshness"]): string[] {
  const sentences: string[] = [];
  if (estimatedMessages > 0) {
    sentences.push(
      estimatedMessages === 1
        ? "1 sent message is not priced yet: its cost is an estimate"
        : `${number.format(estimatedMessages)} sent messages are not priced yet: their cost is an estimate`,
    );
  }
  if (feesReadAt === null) sentences.push("Fees other than those of numbers have not been read yet");
  else if (feesFinalUntil !== null) {
    sentences.push(
      `Fees were read on ${dateAndTime(feesReadAt)}; those from ${dayInWords(feesFinalUntil)} on may still change`,
    );
  }
  return sentences;
}

const number = new Intl.NumberFormat();

/** A UTC day is the same day for every reader. */
const dayInWords = (day: string) => longDate(`${day}T12:00:00`);
