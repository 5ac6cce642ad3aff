import { modals } from "@mantine/modals";
import { useEffect } from "react";

/** Keeps a dialog open while what it started is pending, so that its error is seen. */
export function useBusyDialog(modalId: string, isBusy: boolean): void {
  useEffect(() => {
    modals.updateModal({ modalId, closeOnEscape: !isBusy, closeOnClickOutside: !isBusy, withCloseButton: !isBusy });
  }, [modalId, isBusy]);
}
