import { modals, ModalsProvider } from "@mantine/modals";
import { type ReactNode, useEffect } from "react";

/** Shows the dialogs that `openDialog` opens, above everything else. They can use the contexts around this component. */
export function Dialogs({ children }: { children: ReactNode }) {
  useEffect(() => {
    // *Back* leads to another place: what was opened at this one is not shown above it.
    const close = () => modals.closeAll();
    globalThis.addEventListener("popstate", close);
    return () => globalThis.removeEventListener("popstate", close);
  }, []);
  return (
    <ModalsProvider modalProps={{ centered: true, radius: "lg", closeButtonProps: { "aria-label": "Close" } }}>
      {children}
    </ModalsProvider>
  );
}

/** Opens a dialog. Its content gets the function that closes it. */
export function openDialog(title: string, content: (close: () => void) => ReactNode): void {
  const id: string = modals.open({ title, children: content(() => modals.close(id)) });
}
