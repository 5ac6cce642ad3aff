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

/** A body with plain characters in place of those that make it longer to send. */
export interface PlainBody {
  body: string;
  /** The characters that are replaced, each once. */
  replaced: string[];
  segments: number;
}

/**
 * The same body in fewer segments, with plain quotes, dashes, spaces and the like; null if that does not make it shorter. The
 * replacements are those of Twilio's Smart Encoding.
 * @example plainBody("“Hi” …") // { body: "\"Hi\" ...", replaced: ["“", "”", "…"], segments: 1 }
 */
export function plainBody(body: string): PlainBody | null {
  const { segments, encoding } = measure(body);
  if (encoding === "GSM-7") return null;
  const plain = new SegmentedMessage(body, "auto", true);
  const text = plain.graphemes.join("");
  const shorter = measure(text);
  if (shorter.segments >= segments || text.trim() === "") return null;
  return { body: text, replaced: [...new Set(body)].filter((char) => isReplaced(char)), segments: shorter.segments };
}

function isReplaced(character: string): boolean {
  return new SegmentedMessage(character, "auto", true).graphemes.join("") !== character;
}
