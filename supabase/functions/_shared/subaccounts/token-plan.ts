/** What is known, here and at Twilio, of the tokens of one subaccount. Tokens themselves are only ever compared. */
export interface TokenSituation {
  /** Somebody asked for another token. */
  requested: boolean;
  /** What the parent reads as the primary token: the one in use, the next one, or one that is stored nowhere. */
  primary: "in_use" | "next" | "unknown";
  /** Whether a next token is stored, and whether Twilio takes it: as the secondary or already as the primary one. */
  next: "none" | "accepted" | "refused";
  accountIsActive: boolean;
  /** Until when webhooks of the token before are believed; null where none is kept. */
  previousUntil: Date | null;
  now: Date;
}

export type TokenStep =
  /** Nothing can be done before then. */
  | { do: "wait"; until: Date }
  /** Make a secondary token, in place of one that may be there, and store it. */
  | { do: "replace-secondary" }
  | { do: "promote" }
  /** The stored next token is the primary one at Twilio: it is the one in use from now on. */
  | { do: "record-promotion" }
  /** The primary token is one that was made without us: store it. */
  | { do: "record-primary" };

const PROPAGATION_MS = 2_000;

/**
 * The next step towards one valid token that is stored, or null when there is nothing to do. Pure. The parent's reading and
 * a request as the subaccount are the truth, whatever an earlier attempt was told or not told; after each step the caller
 * looks and plans again.
 */
export function planToken(situation: TokenSituation): TokenStep | null {
  const { primary, next, now } = situation;
  if (primary === "unknown") return { do: "record-primary" };
  if (primary === "next") {
    // Read by the parent and refused all the same: Twilio is still spreading the news.
    const isSpreading = situation.accountIsActive && next === "refused";
    return isSpreading ? wait(new Date(now.getTime() + PROPAGATION_MS)) : { do: "record-promotion" };
  }
  if (!situation.requested && next === "none") return null;
  // Only the account itself changes its tokens, and a suspended one may not act. The wish stays.
  if (!situation.accountIsActive) return null;
  if (next === "accepted") return { do: "promote" };
  // There is room for one token before the one in use: webhooks it signed may still be on their way.
  const { previousUntil } = situation;
  if (next === "none" && previousUntil !== null && now < previousUntil) return wait(previousUntil);
  return { do: "replace-secondary" };
}

const wait = (until: Date): TokenStep => ({ do: "wait", until });
