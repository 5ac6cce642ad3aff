import { useEffect } from "react";

const tab = { screen: "", unread: 0 };

function show(): void {
  document.title = tabTitle(tab.screen, tab.unread);
}

/** `(3) Inbox · Switchboard`: the screen, and how many conversations are unread. */
export function tabTitle(screen: string, unread: number): string {
  const name = screen === "" ? "Switchboard" : `${screen} · Switchboard`;
  return unread === 0 ? name : `(${unread}) ${name}`;
}

/** Sets the title of the browser tab to the screen's. */
export function useTabTitle(screen: string): void {
  useEffect(() => {
    tab.screen = screen;
    show();
  }, [screen]);
}

/** Shows the number of unread conversations in the title of the browser tab, on every screen. */
export function useTabCount(unread: number): void {
  useEffect(() => {
    tab.unread = unread;
    show();
    return () => {
      tab.unread = 0;
      show();
    };
  }, [unread]);
}
