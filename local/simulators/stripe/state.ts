import * as z from "zod";
import { readSnapshot } from "../snapshot-file.ts";
import { freshRecords, type Records } from "./records.ts";

/** The state that survives a restart: the records and the secrets, so that configured receivers keep working. */
export interface Snapshot {
  webhookSecret: string;
  /** Absent in files that were written before the simulator had thin events. */
  thinWebhookSecret?: string | undefined;
  secretKey: string;
  records: Records;
}

const FILE = z.object({
  version: z.literal(1),
  webhookSecret: z.string(),
  thinWebhookSecret: z.string().optional(),
  secretKey: z.string(),
  records: z.record(z.string(), z.array(z.looseObject({ id: z.string() }))),
});

/**
 * Reads the state file. Returns null if it does not exist.
 *
 * @throws Error if the file is not a version 1 state file
 */
export async function readState(path: string): Promise<Snapshot | null> {
  const saved = await readSnapshot(path);
  if (saved === null) return null;
  const parsed = FILE.safeParse(saved);
  if (!parsed.success) {
    throw new Error(`Cannot load the state of the Stripe simulator: "${path}" is not a version 1 state file`);
  }
  const records = freshRecords(0);
  for (const name of Object.keys(records) as (keyof Records)[]) {
    const into = records[name] as Map<string, unknown>;
    into.clear();
    for (const value of parsed.data.records[name] ?? []) into.set(value.id, value);
  }
  const { webhookSecret, thinWebhookSecret, secretKey } = parsed.data;
  return { webhookSecret, thinWebhookSecret, secretKey, records };
}

/** Returns the content of the state file. */
export function snapshotOf({ records, webhookSecret, thinWebhookSecret, secretKey }: Snapshot): unknown {
  const lists = Object.fromEntries(Object.entries(records).map(([name, map]) => [name, [...map.values()]]));
  return { version: 1, webhookSecret, thinWebhookSecret, secretKey, records: lists };
}
