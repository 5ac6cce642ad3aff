import type { Message, NumberType } from "./records.ts";

/** US dollars, close to Twilio's list prices in the United States. */
const SEGMENT = 0.0083;
const MMS_OUT = 0.022;
const MMS_IN = 0.0165;

export const MONTHLY_NUMBER_PRICE: Record<NumberType, number> = { "local": 1.15, "mobile": 1.15, "toll-free": 2.15 };

/** Returns the price of a message in US dollars. It is negative, as in the Message resource. */
export function messagePrice(message: Message): number {
  if (message.media.length > 0) return message.direction === "inbound" ? -MMS_IN : -MMS_OUT;
  return -SEGMENT * message.numSegments;
}
