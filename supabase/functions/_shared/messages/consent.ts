import type { Enum } from "../platform/database.ts";

/** What a keyword in a reply asks for; null without a keyword. */
export type Consent = Enum<"consent"> | null;

const STOP = new Set(["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "OPTOUT", "REVOKE"]);
const START = new Set(["START", "YES", "UNSTOP"]);
const HELP = new Set(["HELP", "INFO"]);

/**
 * Reads a reply as carriers do: the whole message is one keyword, in any case, with any spacing or punctuation around it.
 * `OptOutType`, which Twilio sends where advanced opt-out is on, takes precedence.
 */
export function consentOf(body: string, optOutType: string | null): Consent {
  if (optOutType === "STOP") return "stop";
  if (optOutType === "START") return "start";
  if (optOutType === "HELP") return "help";
  const keyword = keywordOf(body);
  if (STOP.has(keyword)) return "stop";
  if (START.has(keyword)) return "start";
  return HELP.has(keyword) ? "help" : null;
}

/** The letters of a reply, in capitals: " Stop. " → "STOP", "opt-out" → "OPTOUT". */
export function keywordOf(body: string): string {
  return body.normalize("NFKC").toUpperCase().replace(/[^\p{L}\p{N}]/gu, "").slice(0, 20);
}
