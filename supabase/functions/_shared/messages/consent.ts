import type { Enum } from "../platform/database.ts";

/** What a received text asks for, and the keyword that says so. */
export interface Consent {
  consent: Enum<"consent"> | null;
  /** The recipient's own word, in capitals; empty without a keyword. */
  keyword: string;
}

/** Twilio's default words, with the French ones. */
const STOP = words("STOP STOPALL UNSUBSCRIBE CANCEL END QUIT OPTOUT REVOKE ARRET ARRETE ARRETT");
const START = words("START YES UNSTOP");
const HELP = words("HELP INFO");

/** The block of a toll-free number is the network's, which knows START and UNSTOP. */
const TOLL_FREE = /^\+18(00|33|44|55|66|77|88)[0-9]{7}$/;

const TYPES = { STOP: "stop", START: "start", HELP: "help" } as const;
/** In characters: half of one cannot be stored. */
const LONGEST_KEYWORD = 20;

/**
 * Reads what a text asks for. When uncertain it is a STOP: one that Twilio does not know only stops messages that the
 * recipient does not want. START counts in Twilio's exact form alone, because only that lifts Twilio's block.
 * `OptOutType`, which Twilio sends where advanced opt-out is on, takes precedence.
 * @param to the number that received the text
 * @example consentOf("Stop. Thank you", null, "+14155550100") // { consent: "stop", keyword: "STOP" }
 * @see https://help.twilio.com/articles/223134027
 */
export function consentOf(body: string, optOutType: string | null, to: string): Consent {
  const type = Object.entries(TYPES).find(([name]) => name === optOutType)?.[1];
  if (type !== undefined) {
    return { consent: type, keyword: [...lettersOf(readable(body))].slice(0, LONGEST_KEYWORD).join("") };
  }
  const exact = exactKeyword(body);
  if (START.has(exact) && !(exact === "YES" && TOLL_FREE.test(to))) return { consent: "start", keyword: exact };
  const text = readable(body);
  const stop = stopOf(text);
  if (stop !== null) return { consent: "stop", keyword: stop };
  const whole = lettersOf(text);
  return HELP.has(whole) ? { consent: "help", keyword: whole } : { consent: null, keyword: "" };
}

/** A text of one ASCII word, in capitals; otherwise empty. As Twilio reads keywords. */
function exactKeyword(body: string): string {
  return /^[ \t\r\n]*([A-Za-z]+)[ \t\r\n]*$/.exec(body)?.[1]?.toUpperCase() ?? "";
}

/** In capitals, with plain letters for full-width and accented ones, and without what is not visible. */
function readable(body: string): string {
  return body.normalize("NFKD").replace(/[\p{M}\p{Cf}\p{DI}]/gu, "").toUpperCase();
}

function lettersOf(text: string): string {
  return text.replace(/[^\p{L}\p{N}]/gu, "");
}

/** The words of STOP, of which some are also written in two parts. */
const FIRST_WORD =
  /^(STOP[ -]?ALL|OPT[ -]?OUT|UN-?SUBSCRIBE|STOP|CANCEL|END|QUIT|REVOKE|ARRETE|ARRETT|ARRET)(?![\p{L}\p{N}])/u;
/** Ends a sentence or a part of one, also after a blank and without one behind it: "Stop ! Merci", "Stop.Thanks". */
const SENTENCE_MARK = /^\p{Zs}*(?:[.,;:!?…。、，！？；：—–]|--|-\p{Zs}|\p{Extended_Pictographic})/u;
/** Other punctuation, unless a word follows: "STOP* please", but not "stop-loss" and "stop's". */
const MARK = /^[\p{P}\p{S}]+(?![\p{L}\p{N}\p{P}\p{S}])/u;

/** The word of STOP that is the whole text, the whole first line, or the first word before punctuation; null if none is. */
function stopOf(text: string): string | null {
  const line = text.split(/[\n\r\v\f\u0085\u2028\u2029]/).find((part) => lettersOf(part) !== "");
  if (line === undefined) return null;
  for (const whole of [lettersOf(line), lettersOf(text)]) if (STOP.has(whole)) return whole;
  const start = line.replace(/^[^\p{L}\p{N}]+/u, "");
  const first = FIRST_WORD.exec(start)?.[0];
  if (first === undefined) return null;
  const rest = start.slice(first.length);
  return SENTENCE_MARK.test(rest) || MARK.test(rest) ? lettersOf(first) : null;
}

function words(text: string): ReadonlySet<string> {
  return new Set(text.split(" "));
}
