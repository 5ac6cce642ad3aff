import { modals } from "@mantine/modals";
import { useEffect } from "react";

/**
 * Keeps a dialog open while what it started is pending, so that its error is seen. With something typed in it, a click beside
 * it does not close it.
 */
export function useBusyDialog(modalId: string, isBusy: boolean, isTyped = false): void {
  useEffect(() => {
    modals.updateModal({
      modalId,
      closeOnEscape: !isBusy,
      closeOnClickOutside: !isBusy && !isTyped,
      withCloseButton: !isBusy,
    });
  }, [modalId, isBusy, isTyped]);
}
