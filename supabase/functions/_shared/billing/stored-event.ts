import type { Json } from "../database.types.ts";
import { type Db, decide, decision, type Enum } from "../platform/database.ts";

const beginStripeEvent = decision("begin_stripe_event", {
  pending: ["type", "payload", "read_number"],
  processed: [],
  not_found: [],
});

export interface StoredEvent {
  type: string;
  payload: Json;
  /** Allocated before Stripe is read. Of overlapping reads, the database keeps the one with the highest number. */
  read_number: number;
}

/** What an event led to, and for an ignored one why. */
export interface Applied {
  result: Enum<"event_result">;
  reason: Enum<"ignored_event_reason"> | null;
}

/** An event that no retry can process. */
export function ignored(reason: Enum<"ignored_event_reason">): Applied {
  return { result: "ignored", reason };
}

/** Applies a stored event that was not processed before, and records what it led to. */
export async function processStored(
  eventId: string,
  db: Db,
  apply: (event: StoredEvent) => Promise<Applied>,
): Promise<void> {
  const stored = await beginStripeEvent(db, { p_event_id: eventId });
  switch (stored.outcome) {
    case "not_found":
      throw new Error(`Cannot process event "${eventId}": it is not in the ledger`);
    case "processed":
      return;
    case "pending": {
      const { result, reason } = await apply(stored);
      await decide(db, "settle_stripe_event", { p_event_id: eventId, p_result: result, p_reason: reason });
    }
  }
}
