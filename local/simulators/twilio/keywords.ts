/** The carriers' keywords: a text that is nothing but one of them changes the sender's consent. */
const KEYWORDS = {
  STOP: ["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"],
  START: ["START", "YES", "UNSTOP"],
  HELP: ["HELP", "INFO"],
} as const;

export type Keyword = keyof typeof KEYWORDS;

/** What Twilio itself answers to a keyword. */
export const KEYWORD_REPLIES: Record<Keyword, string> = {
  STOP: "You have successfully been unsubscribed. You will not receive any more messages from this number. " +
    "Reply START to resubscribe.",
  START: "You have successfully been re-subscribed to messages from this number. Reply HELP for help. " +
    "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
  HELP: "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
};

/** The keyword a text consists of, whatever its case and the space around it. */
export function keywordOf(body: string): Keyword | undefined {
  const word = body.trim().toUpperCase();
  const names = Object.keys(KEYWORDS) as Keyword[];
  return names.find((name) => (KEYWORDS[name] as readonly string[]).includes(word));
}
