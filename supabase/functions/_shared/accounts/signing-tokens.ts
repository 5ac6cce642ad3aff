import { localLimit } from "../platform/local-limit.ts";

/** The account of a tenant with the sealed tokens that may sign its webhooks: in use, next, and previous. */
export interface SealedTokens {
  accountSid: string | null;
  sealed: readonly string[];
  /** When the previous token ends; null without such a time. */
  validUntil: Date | null;
}

/** How to look up and try the tokens of one tenant. */
export interface Verification {
  userId: string;
  /** The caller's IP address; null if unknown. */
  address: string | null;
  lookUp(): Promise<SealedTokens>;
  /** Whether one of the tokens made the signature. */
  verifies(tokens: SealedTokens): Promise<boolean>;
}

/** How long tokens are kept, in milliseconds. A rotation's new token is looked up when a signature does not match. */
const KEPT_MS = 60_000;
const MOST_TENANTS = 5_000;
/** Look-ups after a mismatch. A forger from one address does not use up what the genuine callers need. */
const PER_MINUTE_AND_ADDRESS = 30;
const PER_MINUTE_AND_TENANT = 60;

/**
 * Verifies webhooks with the tenant's sealed tokens, which stay in this isolate for a minute: a verification normally needs
 * no round trip. Verifying against kept tokens and the look-up before it are never limited, since a genuine webhook that is
 * refused would be lost. A limit per address would refuse them too: any customer of Twilio's can have it call us, for
 * invented users, from the addresses of the genuine webhooks. Only the second look-up, after a mismatch, is limited. Nothing
 * is computed for a user without a token.
 */
export function signingTokens(now: () => number = Date.now): (verification: Verification) => Promise<boolean> {
  const kept = new Map<string, { tokens: Promise<SealedTokens>; until: number }>();
  const perAddress = localLimit(PER_MINUTE_AND_ADDRESS, MOST_TENANTS, now);
  const perTenant = localLimit(PER_MINUTE_AND_TENANT, MOST_TENANTS, now);

  function lookUp({ userId, lookUp }: Verification): Promise<SealedTokens> {
    kept.delete(userId);
    if (kept.size >= MOST_TENANTS) kept.delete(kept.keys().next().value!);
    const entry = { tokens: lookUp(), until: now() + KEPT_MS };
    kept.set(userId, entry);
    entry.tokens.then(
      // The previous token of a rotation is not kept beyond its end.
      ({ validUntil }) => entry.until = Math.min(entry.until, validUntil?.getTime() ?? Infinity),
      // A failed look-up is not kept.
      () => kept.get(userId) === entry && kept.delete(userId),
    );
    return entry.tokens;
  }

  return async (verification) => {
    const { userId, address } = verification;
    const verifies = async (tokens: SealedTokens) => tokens.sealed.length > 0 && await verification.verifies(tokens);
    const known = kept.get(userId);
    if (known === undefined || known.until <= now()) return await verifies(await lookUp(verification));
    const tokens = await known.tokens;
    if (await verifies(tokens)) return true;
    if (perAddress.count(`${userId} ${address}`) !== null || perTenant.count(userId) !== null) return false;
    const newer = await lookUp(verification);
    return !isEqual(tokens, newer) && await verifies(newer);
  };
}

function isEqual(a: SealedTokens, b: SealedTokens): boolean {
  return a.accountSid === b.accountSid && a.sealed.length === b.sealed.length &&
    a.sealed.every((token, index) => token === b.sealed[index]);
}
