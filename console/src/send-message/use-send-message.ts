import { useCallback, useMemo, useSyncExternalStore } from "react";
import { NO_CONTENT, slotOf } from "./draft.ts";
import type { PendingMessage } from "./outbox.ts";
import { useSending } from "./provider.tsx";
import type { Sides } from "./sides.ts";

export type { PendingMessage };

export interface NewMessage extends Sides {
  body: string;
  mediaUrls?: string[];
}

/** Sends messages through the outbox, and decides on those that wait or failed. */
export function useSendMessage() {
  const { store: { outbox } } = useSending();
  return useMemo(() => ({
    /** Sends a text of a conversation, at most once. @returns its id in `usePendingMessages` */
    send({ own, peer, body, mediaUrls = [] }: NewMessage): string {
      const id = crypto.randomUUID();
      const content = { ...NO_CONTENT, from: own, to: peer, body, mediaUrls };
      outbox.add({ id, slot: slotOf({ own, peer }), content, own, peer });
      return id;
    },
    /** Sends a lost or failed message again. */
    tryAgain: (id: string) => outbox.tryAgain(id),
    /** Puts the text of a message that waits or failed back into the field, if that is empty. */
    cancel: (id: string) => outbox.cancel(id),
    /** Gives up a message that waits, failed or was lost, with its text. */
    discard: (id: string) => outbox.discard(id),
  }), [outbox]);
}

/** Every message between *Send* and its outcome, oldest first. */
export function useOutbox(): readonly PendingMessage[] {
  const { store: { outbox } } = useSending();
  const subscribe = useCallback((listener: () => void) => outbox.subscribe(listener), [outbox]);
  return useSyncExternalStore(subscribe, () => outbox.list());
}

/**
 * The messages of a conversation that wait, are being sent, or failed, oldest first. One in the state `sent` has the id of its
 * row in `message`: leave it out once the conversation shows that row.
 */
export function usePendingMessages({ own, peer }: Sides): readonly PendingMessage[] {
  const all = useOutbox();
  return useMemo(() => all.filter((pending) => pending.own === own && pending.peer === peer), [all, own, peer]);
}
