import type { ListedMessage } from "../../../../client/switchboard.ts";
import type { ListMessages } from "./load.ts";

/** The tenant's number and another number in the tests of this folder. */
export const OWN = "+14155550100";
export const PEER = "+14155550142";

let made = 0;

/** A message. By default, sent from `OWN` to `PEER` at `second` seconds past twelve. */
export function message({ second = 0, ...fields }: Partial<ListedMessage> & { second?: number } = {}): ListedMessage {
  made += 1;
  const at = new Date(Date.UTC(2026, 0, 1, 12, 0, second)).toISOString();
  return {
    id: `00000000-0000-4000-8000-${String(made).padStart(12, "0")}`,
    sid: `SM${made}`,
    direction: "outbound",
    from: OWN,
    to: PEER,
    body: "Hello",
    media: [],
    status: "delivered",
    source: "subaccount",
    errorCode: null,
    errorMessage: null,
    segments: 1,
    encoding: "GSM-7",
    price: null,
    priceUnit: null,
    campaignId: null,
    redactedAt: null,
    statusUpdatedAt: at,
    createdAt: at,
    ...fields,
  };
}

/** A conversation at the server: `list` answers like list-messages, from `messages`, which tests change. */
export class History {
  /** Oldest first. Messages of one millisecond are in the order of their microseconds. */
  messages: ListedMessage[] = [];
  /** The queries that were answered. */
  readonly queries: Parameters<ListMessages>[0][] = [];

  readonly list: ListMessages = async (query) => {
    this.queries.push(query);
    await Promise.resolve();
    if (query.id !== undefined) return { messages: this.messages.filter(({ id }) => id === query.id), next: null };
    const { limit = 50, cursor, order = "newest" } = query;
    const ordered = order === "oldest" ? this.messages : this.messages.toReversed();
    const start = cursor === undefined ? 0 : ordered.findIndex(({ id }) => id === cursor) + 1;
    const found = ordered.slice(start)
      .filter(({ createdAt }) => query.since === undefined || createdAt >= query.since)
      .filter(({ createdAt }) => query.until === undefined || createdAt < query.until)
      .slice(0, limit)
      .map((item) => ({ ...item }));
    return { messages: found, next: found.length === limit ? found.at(-1)!.id : null };
  };
}
