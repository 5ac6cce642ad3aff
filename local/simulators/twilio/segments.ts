import { SegmentedMessage } from "sms-segments-calculator";

/** Returns the number of SMS segments of a body, as Twilio counts them. An empty body (media only) is one segment. */
export function segmentCount(body: string): number {
  return Math.max(1, new SegmentedMessage(body).segments.length);
}
