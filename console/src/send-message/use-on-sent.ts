import { useEffect, useRef } from "react";
import type { SentMessage } from "../../../client/switchboard.ts";
import { firstKeyOf } from "./outbox.ts";
import { useSending } from "./provider.tsx";

/**
 * Calls back once for each watched message that is sent, by this tab or another one.
 * @returns the function that watches a message, by its id
 */
export function useOnSent(onSent: ((message: SentMessage) => void) | undefined): (id: string) => void {
  const { store: { outbox } } = useSending();
  const watched = useRef(new Set<string>());
  const latest = useRef(onSent);
  useEffect(() => {
    latest.current = onSent;
  });
  useEffect(() =>
    outbox.subscribe(() => {
      for (const { id, state, message } of outbox.list()) {
        if (state !== "sent" || message === undefined || !watched.current.delete(firstKeyOf(id))) continue;
        latest.current?.(message);
      }
    }), [outbox]);
  return (id) => void watched.current.add(firstKeyOf(id));
}
