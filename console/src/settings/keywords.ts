import type { Draft } from "./rules.ts";

/** A keyword that the recipients of messages may send, and the field with the tenant's answer. */
export interface Keyword {
  word: "STOP" | "START" | "HELP";
  field: Extract<keyof Draft, `${string}Reply`>;
  /** The words with the same effect. */
  others: string;
  /** What it does, and what is expected of the answer. */
  about: string;
  /** Twilio's own answer, unless its support has turned off the handling of keywords. */
  twilio: string;
  /** When the tenant's own answer is sent. */
  when: string;
}

export const KEYWORDS: readonly Keyword[] = [
  {
    word: "STOP",
    field: "stopReply",
    others: "STOPALL, UNSUBSCRIBE, CANCEL, END, QUIT, REVOKE and OPTOUT",
    about:
      "Nothing more may be sent to the recipient, except one confirmation. Twilio sends it, as carriers and the law require.",
    twilio: "You have successfully been unsubscribed. You will not receive any more messages from this number. " +
      "Reply START to resubscribe.",
    when: "Sent only if Twilio has turned off its own answers for you. Otherwise Twilio blocks it.",
  },
  {
    word: "START",
    field: "startReply",
    others: "YES and UNSTOP",
    about: "The recipient wants messages again. Only they can lift their opt-out.",
    twilio: "You have successfully been re-subscribed to messages from this number. Reply HELP for help. " +
      "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
    when: "Sent in addition to Twilio's own answer, and billed as a message.",
  },
  {
    word: "HELP",
    field: "helpReply",
    others: "INFO",
    about:
      "Carriers in the US and Canada require an answer that says who you are, how to reach you, and that STOP unsubscribes.",
    twilio: "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
    when: "Sent in addition to Twilio's own answer, and billed as a message.",
  },
];
