/** What Twilio says of a message that was sent, in its own words. */
export const SENT_STATUSES = [
  "accepted",
  "scheduled",
  "queued",
  "sending",
  "sent",
  "delivered",
  "undelivered",
  "failed",
  "canceled",
  "read",
] as const;

/** Everything a message in the ledger may be; see docs/operations.md for those that are ours. */
export const STATUSES = [
  "reserved",
  "refused",
  "unknown",
  "not_sent",
  ...SENT_STATUSES,
  "receiving",
  "received",
] as const;
