import { SegmentedMessage } from "sms-segments-calculator";

/** How many SMS segments a body takes, as Twilio counts them. An empty body (media only) is one. */
export function segmentCount(body: string): number {
  return Math.max(1, new SegmentedMessage(body).segments.length);
}
