import { useEffect, useReducer, useRef, useSyncExternalStore } from "react";
import type { ListedMessage } from "../../../../client/switchboard.ts";
import type { Sides } from "../conversations.ts";
import { useMarkRead } from "../use-mark-read.ts";

/** A conversation that is only passed by, with J and K, is not read. */
const LOOK_MS = 400;
/** How long after a failure it is tried again. */
const AGAIN_MS = 5_000;

/** Marks a conversation as read while the reader sees its end: in the focused tab, with its newest received message. */
export function useReadMark(sides: Sides, messages: readonly ListedMessage[], isEndInView: boolean): void {
  const { mutate } = useMarkRead({ isAsked: false });
  const [attempt, tryAgain] = useReducer((count: number) => count + 1, 0);
  const isFocused = useSyncExternalStore(subscribeToFocus, () => document.hasFocus());
  const newest = messages.findLast(({ direction }) => direction === "inbound");
  const marked = useRef<string | null>(null);
  const { own, peer } = sides;
  useEffect(() => {
    if (newest === undefined || !isEndInView || !isFocused || marked.current === newest.id) return;
    const timer = setTimeout(() => {
      marked.current = newest.id;
      mutate({ own, peer, until: newest.createdAt }, {
        // The reader did not ask for it: a failure shows no message.
        onError: () => {
          marked.current = null;
          setTimeout(tryAgain, AGAIN_MS);
        },
      });
    }, LOOK_MS);
    return () => clearTimeout(timer);
  }, [newest?.id, newest?.createdAt, isEndInView, isFocused, own, peer, mutate, attempt]);
}

function subscribeToFocus(listener: () => void): () => void {
  const events = [[window, "focus"], [window, "blur"], [document, "visibilitychange"]] as const;
  for (const [target, name] of events) target.addEventListener(name, listener);
  return () => events.forEach(([target, name]) => target.removeEventListener(name, listener));
}
