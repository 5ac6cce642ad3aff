import type { ListedMessage } from "../../../client/switchboard.ts";

type Status = ListedMessage["status"];

/** How a status is shown. */
export interface StatusLook {
  label: string;
  kind: "waiting" | "sent" | "delivered" | "failed" | "unsure";
}

/** Every status of the ledger, so that the compiler finds one that is missing. */
export const LOOKS: Readonly<Record<Status, StatusLook>> = {
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
  not_sent: { label: "Not sent", kind: "failed" },
  canceled: { label: "Canceled", kind: "failed" },
  unknown: { label: "Outcome unknown", kind: "unsure" },
  receiving: { label: "Receiving", kind: "waiting" },
  received: { label: "Received", kind: "delivered" },
};

/** The look of a message's status. A status that is newer than this console is shown as it is. */
export function lookOf(status: string): StatusLook {
  const look: StatusLook | undefined = LOOKS[status as Status];
  return look ?? { label: status, kind: "waiting" };
}

export function kindOf(status: string): StatusLook["kind"] {
  return lookOf(status).kind;
}
