import postgres from "postgres";
import type { StackState } from "../../../local/stack-state.ts";
import { type Past, wrote } from "../past-messages.ts";
import type { Tenant } from "./tenant.ts";

/** Puts messages into a tenant's ledger without sending them, and returns their ids in the given order. */
export async function hasWritten(
  { dbUrl }: StackState,
  tenant: Tenant,
  number: string,
  messages: readonly Past[],
): Promise<string[]> {
  const sql = postgres(dbUrl, { max: 1, onnotice: () => {} });
  try {
    return await wrote({ database: { sql } }, { id: await tenant.userId() }, number, messages);
  } finally {
    await sql.end();
  }
}
