/** The standard keywords. A text that consists of one of them changes the sender's consent or asks for help. */
const KEYWORDS = {
  STOP: ["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"],
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

/** Returns the keyword that a text consists of. Ignores case and surrounding white space. */
export function keywordOf(body: string): Keyword | undefined {
  const word = body.trim().toUpperCase();
  const names = Object.keys(KEYWORDS) as Keyword[];
  return names.find((name) => (KEYWORDS[name] as readonly string[]).includes(word));
}
