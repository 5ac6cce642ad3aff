import { Button, Group, Text } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { modals } from "@mantine/modals";
import { type ReactNode, useEffect, useRef } from "react";
import { FailureAlert } from "./failure-alert.tsx";
import { guardLeaving } from "./leaving.ts";

export interface SaveBarProps {
  /** What differs from what is saved, in words. The bar is shown while there is something. */
  changes: readonly string[];
  onSave: () => void;
  onDiscard: () => void;
  isSaving: boolean;
  /** Of the last attempt; null without one. */
  error: unknown;
  /** Whether a path of the console keeps the changes. Elsewhere they are lost, so the user is asked before. */
  keeps: (path: string) => boolean;
  /** Shown above the buttons. */
  children?: ReactNode;
}

const DIALOG = "unsaved-changes";

/**
 * Sticks to the bottom of a form with unsaved changes, and saves or discards them. Ctrl + S and ⌘ S save as well. While it is
 * shown, the user is asked before they leave or close the tab.
 */
export function SaveBar({ changes, onSave, onDiscard, isSaving, error, keeps, children }: SaveBarProps) {
  const isShown = changes.length > 0;
  const mayKeep = useRef(keeps);
  mayKeep.current = keeps;
  useHotkeys([["mod+S", () => isShown && !isSaving && onSave()]], []);
  useEffect(() => {
    if (!isShown) return;
    return guardLeaving({ isInside: (path) => mayKeep.current(path), ask });
  }, [isShown]);
  return (
    <>
      <div role="status" className="save-bar-status">{isShown && `Unsaved changes: ${changes.join(", ")}`}</div>
      {isShown && (
        <section className="save-bar" aria-label="Unsaved changes">
          {children}
          {error !== null && error !== undefined && <FailureAlert error={error} />}
          <Group justify="space-between" gap="sm">
            <Text size="sm" className="save-bar-text">
              <b>Not saved:</b> {changes.join(", ")}
            </Text>
            <Group gap="sm" wrap="nowrap" ml="auto">
              <Button variant="default" disabled={isSaving} onClick={onDiscard}>Discard</Button>
              <Button loading={isSaving} onClick={onSave}>Save</Button>
            </Group>
          </Group>
        </section>
      )}
    </>
  );
}

function ask(leave: () => void): void {
  modals.openConfirmModal({
    modalId: DIALOG,
    title: "Leave without saving?",
    children: <Text size="sm">Your changes are not saved. If you leave, they are lost.</Text>,
    labels: { confirm: "Leave", cancel: "Stay" },
    confirmProps: { color: "red" },
    onConfirm: leave,
  });
}
