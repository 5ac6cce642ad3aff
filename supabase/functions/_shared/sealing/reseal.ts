import { completeRows, type Db, decide, type Enum } from "../platform/database.ts";
import { describeError, type Log } from "../platform/log.ts";
import type { KeyRing } from "./key-ring.ts";
import { open, seal, tokenBinding } from "./seal.ts";
import { sealingKeys } from "./keys-in-use.ts";

export interface ResealDependencies {
  db: Db;
  sealing: KeyRing;
  log: Log;
  /** Stop beginning batches once this much time has passed. */
  budgetMs?: number;
  batch?: number;
}

const BUDGET_MS = 15_000;
const BATCH = 100;

/**
 * Seals each token and webhook secret of another key with the current key, a batch at a time. A token that changed since it
 * was read is left alone, so live traffic continues. After a crash the next run continues.
 * @returns whether all tokens are done; false when the time ran out
 * @throws Error that names the keys missing from the ring, or counts the tokens that do not open; all others are done
 */
export async function resealTokens(dependencies: ResealDependencies): Promise<boolean> {
  const { db, sealing, log, budgetMs = BUDGET_MS, batch = BATCH } = dependencies;
  const deadline = performance.now() + budgetMs;
  let after: SealedToken | null = null;
  let unopened = 0;
  for (;;) {
    const page: SealedToken[] = await completeRows(db, "tokens_to_reseal", {
      p_current_key: sealing.current,
      p_key_ids: [...sealing.keys.keys()],
      p_after_user_id: after?.user_id ?? null,
      p_after_slot: after?.slot ?? null,
      p_limit: batch,
    });
    if (page.length === 0) break;
    unopened += await resealBatch(page, dependencies);
    after = page.at(-1)!;
    if (performance.now() >= deadline) return false;
  }
  const { current, inUse, missing, retirable } = await sealingKeys(db, sealing);
  const counts = inUse.map(({ keyId, tokens }) => `${keyId}: ${tokens}`).join(", ");
  const fields = { current, inUse: counts, missing: missing.join(", "), retirable: retirable.join(", ") };
  log.info("sealing_keys.resealed", fields);
  if (missing.length > 0) throw new Error(`Cannot open the tokens under ${quoted(missing)}: ${PUT_BACK}`);
  if (unopened > 0) throw new Error(`Cannot re-seal ${unopened} tokens: they do not open for the row they are in`);
  return true;
}

interface SealedToken {
  user_id: string;
  subaccount_sid: string;
  slot: Enum<"sealed_slot">;
  sealed_token: string;
}

/** @returns how many did not open */
async function resealBatch(tokens: SealedToken[], { db, sealing, log }: ResealDependencies): Promise<number> {
  const attempts = await Promise.all(tokens.map(async ({ user_id, subaccount_sid, slot, sealed_token }) => {
    const binding = tokenBinding(user_id, subaccount_sid);
    try {
      const to = await seal(sealing, await open(sealing, sealed_token, binding), binding);
      return { userId: user_id, slot, from: sealed_token, to };
    } catch (error) {
      log.error("sealing_keys.open_failed", { userId: user_id, slot, ...describeError(error) });
      return null;
    }
  }));
  const exchanges = attempts.filter((attempt) => attempt !== null);
  if (exchanges.length > 0) {
    const { resealed, changed } = await decide(db, "reseal_tokens", {
      p_current_key: sealing.current,
      p_tokens: exchanges,
    });
    // A token that changed in the meantime was sealed with a key of the ring; the next run checks it.
    log.info("sealing_keys.progress", { keyId: sealing.current, resealed, changed });
  }
  return attempts.length - exchanges.length;
}

const PUT_BACK = "these keys are not in TOKEN_SEALING_KEYS, and must be put back until no token needs them";
const quoted = (ids: readonly string[]) => ids.map((id) => `"${id}"`).join(", ");
