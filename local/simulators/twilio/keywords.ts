/**
 * The default keywords. A text that consists of one of them changes the sender's consent or asks for help. The last
 * three words of STOP are the French ones.
 */
const KEYWORDS = {
  STOP: [
    ...["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"],
    ...["ARRET", "ARRETE", "ARRETT"],
  ],
  START: ["START", "YES", "UNSTOP"],
  HELP: ["HELP", "INFO"],
} as const;

export type Keyword = keyof typeof KEYWORDS;

/** Twilio's own replies to keywords. */
export const KEYWORD_REPLIES: Record<Keyword, string> = {
  STOP: "You have successfully been unsubscribed. You will not receive any more messages from this number. " +
    "Reply START to resubscribe.",
  START: "You have successfully been re-subscribed to messages from this number. Reply HELP for help. " +
    "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
  HELP: "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
};

/** The block of a toll-free number is the network's, which knows START and UNSTOP. */
const TOLL_FREE = /^\+18(00|33|44|55|66|77|88)\d{7}$/;

/**
 * Returns the keyword that a text to `number` consists of. Only a text of this one word counts: case and blanks around it
 * are ignored, and punctuation, accents or a second word make it a normal text.
 */
export function keywordOf(body: string, number: string): Keyword | undefined {
  const word = /^[ \t\r\n]*([A-Za-z]+)[ \t\r\n]*$/.exec(body)?.[1]?.toUpperCase();
  if (word === undefined || (word === "YES" && TOLL_FREE.test(number))) return undefined;
  const names = Object.keys(KEYWORDS) as Keyword[];
  return names.find((name) => (KEYWORDS[name] as readonly string[]).includes(word));
}
