import type { Message } from "./message.ts";

/** The messages between one of the tenant's numbers and one other number. */
export interface Conversation {
  id: string;
  /** The tenant's number. */
  own: string;
  peer: string;
  /** Oldest first, never empty. */
  messages: readonly Message[];
  latest: Message;
}

/** Groups messages by pair of numbers; the pair with the newest message comes first. */
export function conversationsOf(messages: readonly Message[]): Conversation[] {
  const oldestFirst = messages.toSorted((a, b) => a.created_at.localeCompare(b.created_at));
  const pairs = Map.groupBy(oldestFirst, (message) => conversationId(sidesOf(message)));
  return [...pairs]
    .map(([id, exchanged]) => {
      const latest = exchanged.at(-1)!;
      return { id, ...sidesOf(latest), messages: exchanged, latest };
    })
    .sort((a, b) => b.latest.created_at.localeCompare(a.latest.created_at));
}

export interface Sides {
  own: string;
  peer: string;
}

/** The conversation id of a pair of numbers, safe in a URL. */
export function conversationId({ own, peer }: Sides): string {
  return `${own}~${peer}`;
}

/** The pair of numbers of a conversation id, or null if the text is not one. */
export function sidesOfId(id: string): Sides | null {
  const [own, peer, ...rest] = id.split("~");
  return own && peer && rest.length === 0 ? { own, peer } : null;
}

function sidesOf({ direction, from_number: from, to_number: to }: Message): Sides {
  return direction === "outbound" ? { own: from, peer: to } : { own: to, peer: from };
}
