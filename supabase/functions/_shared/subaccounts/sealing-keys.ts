import { type Db, decide, rows } from "../platform/database.ts";
import type { KeyRing } from "../platform/sealing.ts";

/** Which sealing keys there are, and which are needed. By their ids: a key itself is never shown. */
export interface SealingKeys {
  /** The one that seals. */
  current: string;
  inUse: { keyId: string; tokens: number }[];
  /** Needed, and not in the ring: the tokens under them cannot be opened. */
  missing: string[];
  /** In the ring, not the current one, and needed by no token. */
  retirable: string[];
}

/** Compares the ring with the tokens that are stored. */
export async function sealingKeys(db: Db, ring: KeyRing): Promise<SealingKeys> {
  const needed = await rows(db, "sealing_keys_in_use", {});
  return compareKeys(ring, needed.map(({ key_id, tokens }) => ({ keyId: key_id, tokens })));
}

/** Pure part of `sealingKeys`. */
export function compareKeys(ring: KeyRing, inUse: SealingKeys["inUse"]): SealingKeys {
  const needed = new Set(inUse.map(({ keyId }) => keyId));
  return {
    current: ring.current,
    inUse,
    missing: [...needed].filter((keyId) => !ring.keys.has(keyId)),
    retirable: [...ring.keys.keys()].filter((keyId) => keyId !== ring.current && !needed.has(keyId)),
  };
}

/** Tells the database which keys the functions hold. Where they are others than before, re-sealing begins. */
export async function noteSealingRing(db: Db, ring: KeyRing): Promise<void> {
  await decide(db, "note_sealing_ring", { p_current_key: ring.current, p_key_ids: [...ring.keys.keys()] });
}
