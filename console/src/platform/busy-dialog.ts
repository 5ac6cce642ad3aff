import { modals } from "@mantine/modals";
import { useLayoutEffect } from "react";

/**
 * Keeps a dialog open while what it started is pending, so that its error is seen. With something typed in it, a click beside
 * it does not close it.
 */
export function useBusyDialog(modalId: string, isBusy: boolean, isTyped = false): void {
  // Before the next event: on a slow machine, a click could otherwise come before it.
  useLayoutEffect(() => {
    modals.updateModal({
      modalId,
      closeOnEscape: !isBusy,
      closeOnClickOutside: !isBusy && !isTyped,
      withCloseButton: !isBusy,
    });
  }, [modalId, isBusy, isTyped]);
}
