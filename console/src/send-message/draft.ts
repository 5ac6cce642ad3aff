import type { Sides } from "./sides.ts";

/** What a person writes before it is sent. */
export interface Content {
  /** E.164; null: the default sender. */
  from: string | null;
  /** The recipient as it is typed. */
  to: string;
  /** ISO 3166: the country whose national notation `to` is in; null: the sender's country. */
  country: string | null;
  body: string;
  mediaUrls: string[];
}

/** Why a message was not sent, as far as it is kept with its text. */
export interface Failure {
  status: number;
  code: string;
  message: string;
  requestId?: string | undefined;
  retryAfterSeconds?: number | undefined;
  details: readonly Readonly<Record<string, string | number | boolean | null>>[];
}

/** A text that is not sent yet. */
export interface Draft extends Content {
  /** The idempotency key of the message that it becomes. A change of the content makes a new one. */
  key: string;
  /** When it was last changed, in milliseconds. */
  at: number;
  /** Why the message was not sent when it was tried last. */
  failure?: Failure | undefined;
}

/** The name of a draft: a conversation has one draft, and so has the dialog for new messages. */
export type Slot = string;

/** The slot of messages to a recipient who is not chosen yet. */
export const NEW: Slot = "new";

export function slotOf({ own, peer }: Sides): Slot {
  return `${own}~${peer}`;
}

/** The slot of a text that was given, for example of a message to send again: it leaves the other drafts alone. */
export function slotOfText(given: { from?: string; to?: string; body: string }): Slot {
  return `text:${JSON.stringify([given.from, given.to, given.body])}`;
}

/** The slot of a new message: each recipient or sender that it is opened for has its own, so that no draft to another appears. */
export function slotOfNew(
  { from, to, body }: { from?: string | undefined; to?: string | undefined; body?: string | undefined },
): Slot {
  if (body !== undefined) {
    return slotOfText({ ...(from !== undefined && { from }), ...(to !== undefined && { to }), body });
  }
  return from === undefined && to === undefined ? NEW : slotOf({ own: from ?? "", peer: to ?? "" });
}

export const NO_CONTENT: Content = { from: null, to: "", country: null, body: "", mediaUrls: [] };

/** Whether a draft is worth keeping. A choice alone, without a word, is not. */
export function isEmpty({ to, body, mediaUrls }: Content): boolean {
  return to.trim() === "" && hasNoMessage({ body, mediaUrls });
}

/** Whether there is nothing to send. */
export function hasNoMessage({ body, mediaUrls }: Pick<Content, "body" | "mediaUrls">): boolean {
  return body.trim() === "" && mediaUrls.length === 0;
}

export function isSame(a: Content, b: Content): boolean {
  return contentKey(a) === contentKey(b);
}

function contentKey({ from, to, country, body, mediaUrls }: Content): string {
  return JSON.stringify([from, to, country, body, mediaUrls]);
}

export function contentOf({ from, to, country, body, mediaUrls }: Content): Content {
  return { from, to, country, body, mediaUrls };
}
