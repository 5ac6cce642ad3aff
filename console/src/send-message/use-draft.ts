import { useCallback, useSyncExternalStore } from "react";
import { type Draft, type Slot, slotOf } from "./draft.ts";
import { useSending } from "./provider.tsx";
import type { Sides } from "./sides.ts";

/** The draft of a slot, kept up to date over all tabs. */
export function useDraftIn(slot: Slot): Draft | null {
  const { store: { drafts } } = useSending();
  const subscribe = useCallback((listener: () => void) => drafts.subscribe(listener), [drafts]);
  return useSyncExternalStore(subscribe, () => drafts.get(slot));
}

/** The text that is written in a conversation and not sent yet; null without one. */
export function useDraft(conversation: Sides): string | null {
  return textOf(useDraftIn(slotOf(conversation)));
}

/** A function that tells the draft of any conversation. The component renders again when a draft changes. */
export function useDraftOf(): (conversation: Sides) => string | null {
  const { store: { drafts } } = useSending();
  const subscribe = useCallback((listener: () => void) => drafts.subscribe(listener), [drafts]);
  // The texts in one string: equal strings are one snapshot.
  const texts = useSyncExternalStore(
    subscribe,
    () => JSON.stringify(drafts.slots().map((slot) => [slot, textOf(drafts.get(slot))])),
  );
  return (conversation) => {
    const known = new Map<string, string | null>(JSON.parse(texts));
    return known.get(slotOf(conversation)) ?? null;
  };
}

function textOf(draft: Draft | null): string | null {
  if (draft === null) return null;
  return draft.body.trim() !== "" ? draft.body : draft.mediaUrls.length > 0 ? "Picture" : null;
}
