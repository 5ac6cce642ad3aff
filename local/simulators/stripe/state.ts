import { z } from "zod";
import { readSnapshot } from "../snapshot-file.ts";
import { freshRecords, type Records } from "./records.ts";

/** What is kept across restarts: the records, and the secrets, so that a configured receiver still trusts us. */
export interface Snapshot {
  webhookSecret: string;
  secretKey: string;
  records: Records;
}

const FILE = z.object({
  version: z.literal(1),
  webhookSecret: z.string(),
  secretKey: z.string(),
  records: z.record(z.string(), z.array(z.looseObject({ id: z.string() }))),
});

/**
 * Reads what an earlier run has kept; null where there is no file yet.
 *
 * @throws Error naming the file if it is not a snapshot of this version.
 */
export async function readState(path: string): Promise<Snapshot | null> {
  const kept = await readSnapshot(path);
  if (kept === null) return null;
  const parsed = FILE.safeParse(kept);
  if (!parsed.success) {
    throw new Error(`Cannot load "${path}": it is not a Stripe simulator snapshot of version 1`);
  }
  const records = freshRecords(0);
  for (const name of Object.keys(records) as (keyof Records)[]) {
    const into = records[name] as Map<string, unknown>;
    into.clear();
    for (const value of parsed.data.records[name] ?? []) into.set(value.id, value);
  }
  return { webhookSecret: parsed.data.webhookSecret, secretKey: parsed.data.secretKey, records };
}

/** What is written of a simulator. */
export function snapshotOf({ records, webhookSecret, secretKey }: Snapshot): unknown {
  const lists = Object.fromEntries(Object.entries(records).map(([name, map]) => [name, [...map.values()]]));
  return { version: 1, webhookSecret, secretKey, records: lists };
}
