/** What a reply says about being texted: stop, start again, or nothing. */
export type Consent = "stop" | "start" | null;

const STOP = new Set(["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "OPTOUT", "REVOKE"]);
const START = new Set(["START", "YES", "UNSTOP"]);

/**
 * Reads a reply as carriers do: the whole message is one keyword, in any case, with any spacing or punctuation around it.
 * `OptOutType`, which Twilio adds where advanced opt-out is on, is believed first.
 */
export function consentOf(body: string, optOutType: string | null): Consent {
  if (optOutType === "STOP") return "stop";
  if (optOutType === "START") return "start";
  const keyword = keywordOf(body);
  if (STOP.has(keyword)) return "stop";
  return START.has(keyword) ? "start" : null;
}

/** The letters of a reply, in capitals: " Stop. " → "STOP", "opt-out" → "OPTOUT". */
export function keywordOf(body: string): string {
  return body.normalize("NFKC").toUpperCase().replace(/[^\p{L}\p{N}]/gu, "").slice(0, 20);
}
