/** The tokens of one subaccount, as stored and at Twilio. Tokens themselves are only compared. */
export interface TokenSituation {
  /** Another token was requested. */
  requested: boolean;
  /** What the master account reads as the primary token: the one in use, the next one, or one that is stored nowhere. */
  primary: "in_use" | "next" | "unknown";
  /** Whether a next token is stored, and whether Twilio accepts it, as the secondary or already as the primary token. */
  next: "none" | "accepted" | "refused";
  accountIsActive: boolean;
  /** Until when signatures of the previous token are accepted; null without a previous token. */
  previousUntil: Date | null;
  now: Date;
}

export type TokenStep =
  /** No step is possible before then. */
  | { do: "wait"; until: Date }
  /** Create a secondary token, in place of an existing one, and store it. */
  | { do: "replace-secondary" }
  | { do: "promote" }
  /** The stored next token is the primary one at Twilio: it becomes the one in use. */
  | { do: "record-promotion" }
  /** The primary token was made in Twilio's console: store it. */
  | { do: "record-primary" };

const PROPAGATION_MS = 2_000;

/**
 * The next step towards one valid token that is stored, or null when there is nothing to do. Pure. Only the
 * master account's reading and a request as the subaccount count, not the responses of earlier attempts. After each step
 * the caller looks and plans again.
 */
export function planToken(situation: TokenSituation): TokenStep | null {
  const { primary, next, now } = situation;
  if (primary === "unknown") return { do: "record-primary" };
  if (primary === "next") {
    // The master account reads it, but it is not accepted: Twilio is still propagating the change.
    const isSpreading = situation.accountIsActive && next === "refused";
    return isSpreading ? wait(new Date(now.getTime() + PROPAGATION_MS)) : { do: "record-promotion" };
  }
  if (!situation.requested && next === "none") return null;
  // Only the account itself changes its tokens, and a suspended account cannot act. The request stays.
  if (!situation.accountIsActive) return null;
  if (next === "accepted") return { do: "promote" };
  // One previous token is kept: webhooks it signed may still arrive.
  const { previousUntil } = situation;
  if (next === "none" && previousUntil !== null && now < previousUntil) return wait(previousUntil);
  return { do: "replace-secondary" };
}

const wait = (until: Date): TokenStep => ({ do: "wait", until });
