import assert from "node:assert/strict";
import { eventually } from "../../local/driver/eventually.ts";
import type { Actor } from "../../local/driver/actor.ts";
import type { SeenRequest } from "../../local/driver/twilio-side.ts";
import type { Stage } from "./stage.ts";

/** The columns of the message ledger that tests read. */
export interface LedgerRow {
  id: string;
  status: string;
  twilio_message_sid: string | null;
  error_code: number | null;
  error_message: string | null;
  account_sid: string;
  source: string;
  from_number: string;
  to_number: string;
  body: string | null;
  direction: string;
}

/** The tenant's rows of the ledger, oldest first. */
export async function ledgerOf({ database: { sql } }: Stage, { id }: Pick<Actor, "id">): Promise<LedgerRow[]> {
  return [
    ...await sql<LedgerRow[]>`
      select id, status, twilio_message_sid, error_code, error_message, account_sid, source, from_number, to_number, body, direction
      from public.sms_messages where user_id = ${id} order by created_at, id`,
  ];
}

/** Waits until the tenant's only message has reached a status, and returns its row. */
export async function becomes(stage: Stage, tenant: Pick<Actor, "id">, status: string): Promise<LedgerRow> {
  let rows: LedgerRow[] = [];
  return await eventually(`the message to be ${status}`, async () => {
    rows = await ledgerOf(stage, tenant);
    return rows.length === 1 && rows[0]?.status === status && rows[0];
  }).catch((error) => assert.fail(`${error.message}; the ledger holds ${JSON.stringify(rows)}`));
}

/** The requests that asked Twilio to send a text to a recipient. */
export async function sendsTo({ twilio }: Stage, to: string): Promise<SeenRequest[]> {
  const requests = await twilio.requests();
  return requests.filter(({ method, path, form }) =>
    method === "POST" && path.endsWith("/Messages.json") && form["To"] === to
  );
}

/** The messages to a recipient that Twilio accepted from one account. */
export async function textsTo(
  { twilio }: Stage,
  accountSid: string,
  to: string,
): Promise<{ sid: string; body: string }[]> {
  return (await twilio.messagesOf(accountSid)).filter((message) =>
    message.to === to && message.direction === "outbound-api"
  );
}
