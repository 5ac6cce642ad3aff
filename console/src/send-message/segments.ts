import { SegmentedMessage } from "sms-segments-calculator";

/** Twilio's limit for a body (21617), in UTF-16 code units. */
export const LONGEST_BODY = 1600;

/** A body's segments and encoding, which determine its price. */
export interface Measure {
  segments: number;
  encoding: "GSM-7" | "UCS-2";
  /** The characters that force UCS-2, each once. */
  specialCharacters: string[];
}

/** Measures a body with the same library as the server. */
export function measure(body: string): Measure {
  const message = new SegmentedMessage(body);
  return {
    segments: body === "" ? 0 : Math.max(1, message.segmentsCount),
    encoding: message.encodingName === "UCS-2" ? "UCS-2" : "GSM-7",
    specialCharacters: [...new Set(message.getNonGsmCharacters())],
  };
}
