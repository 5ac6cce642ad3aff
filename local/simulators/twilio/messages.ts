import { newSid } from "./identifiers.ts";
import type { CallbackFault, MediaItem, Message, MessageDirection, MessageStatus, Outcome } from "./records.ts";
import { segmentCount } from "./segments.ts";
import type { Store } from "./store.ts";

const MEDIA_TYPES: Record<string, string> = {
  gif: "image/gif",
  jpeg: "image/jpeg",
  jpg: "image/jpeg",
  mp3: "audio/mpeg",
  mp4: "video/mp4",
  pdf: "application/pdf",
  png: "image/png",
  vcf: "text/vcard",
};

/** The fields of a new message. The rest are generated. */
export interface MessageDraft {
  accountSid: string;
  direction: MessageDirection;
  from: string;
  to: string;
  body: string;
  mediaUrls: string[];
  status: MessageStatus;
  messagingServiceSid?: string | null;
  statusCallback?: string | null;
  callbackFault?: CallbackFault | null;
  sendAt?: number | null;
}

/** Adds a message to the store and determines its outcome (see `outcomeOf`). */
export function addMessage(store: Store, draft: MessageDraft): Message {
  const now = Date.now();
  const message: Message = {
    seq: store.nextSeq(),
    sid: newSid(draft.mediaUrls.length > 0 ? "MM" : "SM"),
    accountSid: draft.accountSid,
    direction: draft.direction,
    from: draft.from,
    to: draft.to,
    body: draft.body,
    media: draft.mediaUrls.map(mediaItem),
    numSegments: segmentCount(draft.body),
    status: draft.status,
    errorCode: null,
    price: null,
    messagingServiceSid: draft.messagingServiceSid ?? null,
    statusCallback: draft.statusCallback ?? null,
    outcome: draft.direction === "inbound" ? null : outcomeOf(store, draft.to),
    callbackFault: draft.callbackFault ?? null,
    createdAt: now,
    updatedAt: now,
    sentAt: draft.direction === "inbound" ? now : null,
    sendAt: draft.sendAt ?? null,
  };
  store.messages.set(message.sid, message);
  store.changed();
  return message;
}

/**
 * Returns the final status of a message to `to`. `POST /_sim/outcomes` sets it for a number. Otherwise a message to
 * `+150055` and a delivery error, for example `+15005530003`, fails with that error, and any other message is
 * delivered.
 */
export function outcomeOf(store: Store, to: string): Outcome {
  const decided = store.outcomes.get(to);
  if (decided) return decided;
  const code = Number(/^\+150055(300\d\d)$/.exec(to)?.[1] ?? NaN);
  if (Number.isNaN(code)) return { status: "delivered", errorCode: null };
  return { status: code <= 30002 ? "failed" : "undelivered", errorCode: code };
}

function mediaItem(url: string): MediaItem {
  const extension = /\.([a-z0-9]+)$/i.exec(URL.canParse(url) ? new URL(url).pathname : url)?.[1]?.toLowerCase() ?? "";
  return { sid: newSid("ME"), url, contentType: MEDIA_TYPES[extension] ?? "image/jpeg" };
}
