/** How a status is shown. */
export interface StatusLook {
  label: string;
  kind: "waiting" | "sent" | "delivered" | "failed" | "unsure";
}

const LOOKS: Readonly<Record<string, StatusLook>> = {
  reserved: { label: "Sending", kind: "waiting" },
  accepted: { label: "Queued", kind: "waiting" },
  scheduled: { label: "Scheduled", kind: "waiting" },
  queued: { label: "Queued", kind: "waiting" },
  sending: { label: "Sending", kind: "waiting" },
  sent: { label: "Sent", kind: "sent" },
  delivered: { label: "Delivered", kind: "delivered" },
  read: { label: "Read", kind: "delivered" },
  undelivered: { label: "Not delivered", kind: "failed" },
  failed: { label: "Failed", kind: "failed" },
  refused: { label: "Not sent", kind: "failed" },
  canceled: { label: "Canceled", kind: "failed" },
  unknown: { label: "Outcome unknown", kind: "unsure" },
};

/** The look of an outbound message's status; a word that is new here is shown as it is. */
export function lookOf(status: string): StatusLook {
  return LOOKS[status] ?? { label: status, kind: "waiting" };
}
