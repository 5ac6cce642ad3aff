import type { Conversation as ListedConversation } from "../../../client/switchboard.ts";

/** The messages between one of the tenant's numbers and one other number, as the list shows them. */
export type Conversation = ListedConversation;

export interface Sides {
  /** The tenant's number. */
  own: string;
  peer: string;
}

export function sidesOf({ number, with: peer }: Pick<Conversation, "number" | "with">): Sides {
  return { own: number, peer };
}

/** The conversation id of a pair of numbers. */
export function conversationId({ own, peer }: Sides): string {
  return `${own}~${peer}`;
}

/** The pair of numbers of a conversation id, or null if the text is not one. */
export function sidesOfId(id: string): Sides | null {
  const [own, peer, ...rest] = id.split("~");
  return own && peer && rest.length === 0 ? { own, peer } : null;
}

/** The path of a conversation. Plus signs stay readable; the names of senders can have other characters. */
export function pathOf(sides: Sides): string {
  return `/inbox/${encodeURIComponent(conversationId(sides)).replaceAll("%2B", "+")}`;
}
