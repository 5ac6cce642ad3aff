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

/** A file that a handset sends, with its bytes in base64. */
export interface MediaFile {
  contentType: string;
  content: string;
}

/** The fields of a new message. The rest are generated. */
export interface MessageDraft {
  accountSid: string;
  direction: MessageDirection;
  from: string;
  to: string;
  body: string;
  mediaUrls?: string[];
  /** The files of a received message. */
  files?: MediaFile[];
  status: MessageStatus;
  messagingServiceSid?: string | null;
  statusCallback?: string | null;
  callbackFault?: CallbackFault | null;
  sendAt?: number | null;
}

/** Adds a message to the store and determines its outcome (see `outcomeOf`). */
export function addMessage(store: Store, draft: MessageDraft): Message {
  const now = Date.now();
  const { mediaUrls = [], files = [] } = draft;
  const sid = newSid(mediaUrls.length + files.length > 0 ? "MM" : "SM");
  const message: Message = {
    seq: store.nextSeq(),
    sid,
    accountSid: draft.accountSid,
    direction: draft.direction,
    from: draft.from,
    to: draft.to,
    body: draft.body,
    media: [...mediaUrls.map(linkedItem), ...files.map((file) => storedItem(store, draft.accountSid, sid, file))],
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

function linkedItem(url: string): MediaItem {
  const extension = /\.([a-z0-9]+)$/i.exec(URL.canParse(url) ? new URL(url).pathname : url)?.[1]?.toLowerCase() ?? "";
  return { sid: newSid("ME"), url, contentType: MEDIA_TYPES[extension] ?? "image/jpeg", content: null };
}

/** Twilio keeps the files of received messages itself, under the URL that its webhook names. */
function storedItem(store: Store, accountSid: string, messageSid: string, file: MediaFile): MediaItem {
  const sid = newSid("ME");
  const path = `/2010-04-01/Accounts/${accountSid}/Messages/${messageSid}/Media/${sid}`;
  return { sid, url: store.apiUrl + path, ...file };
}
