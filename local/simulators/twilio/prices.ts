import type { Message, NumberType } from "./records.ts";

/** US dollars, close to Twilio's list prices in the United States. */
const SEGMENT = 0.0083;
const MMS_OUT = 0.022;
const MMS_IN = 0.0165;

/** The listed prices of a segment, by country and carrier. A message is charged `SEGMENT` wherever it goes. */
export const OUTBOUND_SEGMENT: Record<string, Record<string, number>> = {
  US: { "AT&T": 0.0083, "Verizon": 0.0083, "Other": 0.0079 },
  CA: { "Rogers": 0.0083, "Other": 0.0079 },
  GB: { "Vodafone": 0.0463, "Other": 0.0524 },
  AU: { "Telstra": 0.0515 },
  DE: { "Telekom": 0.1085, "Vodafone": 0.1128, "O2": 0.1097 },
};
export const INBOUND_SEGMENT = 0.0083;

export const MONTHLY_NUMBER_PRICE: Record<NumberType, number> = { "local": 1.15, "mobile": 1.15, "toll-free": 2.15 };

/** Carrier fees in US dollars: for each segment of an SMS, and for each MMS. */
export interface CarrierFee {
  sms?: number;
  mms?: number;
  smsInbound?: number;
  mmsInbound?: number;
}

/** Returns the price of a message in US dollars. It is negative, as in the Message resource. */
export function messagePrice(message: Message): number {
  if (message.media.length > 0) return message.direction === "inbound" ? -MMS_IN : -MMS_OUT;
  return -SEGMENT * message.numSegments;
}
