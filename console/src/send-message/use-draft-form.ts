import { useForm, type UseFormInput } from "@mantine/form";
import { useEffect, useRef } from "react";
import { type Content, contentOf, type Failure, isSame, type Slot } from "./draft.ts";
import { useSending } from "./provider.tsx";
import { useDraftIn } from "./use-draft.ts";

export interface DraftForm {
  form: ReturnType<typeof useForm<Content>>;
  /** Why the text in the fields was not sent when it was tried last. */
  failure: Failure | null;
  /** Whether the fields hold more than they began with. */
  isChanged: boolean;
  /** Takes what is in the fields, to send it, and empties them. @returns its idempotency key */
  take: () => string;
  clear: () => void;
}

/**
 * A form whose values are a draft: each change is stored, and a change in another tab, or a text that comes back because it was
 * not sent, appears in the fields.
 *
 * @param initial what an empty draft has, for example the recipient of a conversation
 */
export function useDraftForm(
  slot: Slot,
  initial: Content,
  validate?: UseFormInput<Content>["validate"],
): DraftForm {
  const { store: { drafts }, watched } = useSending();
  const draft = useDraftIn(slot);
  const start = useRef(initial);
  const isFollowing = useRef(false);
  const form = useForm<Content>({
    mode: "controlled",
    initialValues: draft === null ? initial : contentOf(draft),
    validateInputOnBlur: ["to"],
    ...(validate !== undefined && { validate }),
    onValuesChange: (values) => {
      if (isFollowing.current) return;
      if (isSame(values, start.current)) drafts.clear(slot);
      else drafts.change(slot, values);
    },
  });

  useEffect(() => {
    const stored = draft === null ? start.current : contentOf(draft);
    if (isSame(stored, form.getValues())) return;
    isFollowing.current = true;
    form.setValues(stored);
    isFollowing.current = false;
    if (draft === null) form.clearErrors();
  }, [draft]);

  useEffect(() => {
    watched.set(slot, (watched.get(slot) ?? 0) + 1);
    return () => {
      const left = watched.get(slot)! - 1;
      if (left === 0) watched.delete(slot);
      else watched.set(slot, left);
    };
  }, [watched, slot]);

  return {
    form,
    failure: draft?.failure ?? null,
    isChanged: draft !== null,
    take: () => drafts.take(slot, form.getValues()),
    clear: () => drafts.clear(slot),
  };
}
