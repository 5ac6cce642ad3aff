import { type Db, decide, rows } from "../platform/database.ts";
import type { KeyRing } from "./key-ring.ts";

/** The ids of the sealing keys, and which keys are in use. The keys themselves are never shown. */
export interface SealingKeys {
  /** The key that seals new tokens. */
  current: string;
  inUse: { keyId: string; tokens: number }[];
  /** In use, but not in the ring: the tokens sealed with them cannot be opened. */
  missing: string[];
  /** In the ring, not current, and not in use. */
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

/** Stores the ids of the keys that the functions hold. If they changed, re-sealing begins. */
export async function noteSealingRing(db: Db, ring: KeyRing): Promise<void> {
  await decide(db, "note_sealing_ring", { p_current_key: ring.current, p_key_ids: [...ring.keys.keys()] });
}
