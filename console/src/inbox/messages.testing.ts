import type { Message } from "./message.ts";

/** The tenant's number and a recipient's number in the tests of this folder. */
export const OWN = "+14155550100";
export const PEER = "+14155550142";

let made = 0;

/** A row of the ledger. By default, sent from `OWN` to `PEER` at `minute` minutes past twelve. */
export function message({ minute = 0, ...fields }: Partial<Message> & { minute?: number } = {}): Message {
  made += 1;
  return {
    id: `message-${made}`,
    direction: "outbound",
    from_number: OWN,
    to_number: PEER,
    body: "Hello",
    media_urls: [],
    status: "delivered",
    source: "subaccount",
    error_code: null,
    error_message: null,
    num_segments: 1,
    created_at: new Date(Date.UTC(2026, 0, 1, 12, minute)).toISOString(),
    ...fields,
  };
}
