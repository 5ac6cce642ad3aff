import type { Actor } from "../../local/driver/actor.ts";
import type { Stage } from "./stage.ts";

/** A message of the past, as far as a test defines it. */
export interface Past {
  with: string;
  body?: string | null;
  direction?: "inbound" | "outbound";
  status?: string;
  /** Its age in seconds: a minute by default. */
  ago?: number;
}

/** Puts messages into a tenant's ledger without sending them, and returns their ids in the given order. */
export async function wrote(
  { database: { sql } }: { database: Pick<Stage["database"], "sql"> },
  { id }: Pick<Actor, "id">,
  number: string,
  messages: readonly Past[],
): Promise<string[]> {
  const now = Date.now();
  const rows = messages.map(({ with: peer, body = "Hello", direction = "inbound", status, ago = 60 }) => ({
    id: crypto.randomUUID(),
    user_id: id,
    direction,
    from_number: direction === "inbound" ? peer : number,
    to_number: direction === "inbound" ? number : peer,
    body,
    status: status ?? (direction === "inbound" ? "received" : "delivered"),
    account_sid: `AC${"0".repeat(32)}`,
    source: "subaccount",
    created_at: new Date(now - ago * 1000),
  }));
  await sql`insert into public.sms_messages ${sql(rows)}`;
  return rows.map((row) => row.id);
}
