import { ActionIcon, Tooltip } from "@mantine/core";
import { Search } from "lucide-react";
import { type ComponentType, useEffect, useState } from "react";
import { loadInTime } from "../platform/load-in-time.ts";
import { showError } from "../platform/notify.ts";
import type { SpotlightProps } from "./spotlight.tsx";

/** Not the spotlight itself, which is still on the page for a moment after it has closed. */
const OTHER_DIALOG = "[role=dialog][aria-modal=true]:not(.mantine-Spotlight-content)";

/** The button, and the keys Ctrl+K and ⌘K, that open the spotlight. Its code is loaded when it is opened first. */
export function SpotlightKey({ screens }: Pick<SpotlightProps, "screens">) {
  const [Spotlight, setSpotlight] = useState<ComponentType<SpotlightProps> | null>(null);
  const open = () =>
    void loadInTime(() => import("./spotlight.tsx")).then((loaded) => {
      // It opens itself when it is shown first.
      setSpotlight(() => loaded.Spotlight);
      loaded.openSpotlight();
    }).catch(showError);
  useEffect(() => {
    // Also while the user types: no field needs these keys.
    function press(event: KeyboardEvent) {
      if (event.key.toLowerCase() !== "k" || event.ctrlKey === event.metaKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      // Over a dialog, the Esc key would close both, and what is written there would be lost.
      if (document.querySelector(OTHER_DIALOG) === null) open();
    }
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  });
  return (
    <>
      <Tooltip label="Go to anything (Ctrl+K or ⌘K)">
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label="Go to anything" onClick={open}>
          <Search size={19} strokeWidth={1.7} />
        </ActionIcon>
      </Tooltip>
      {Spotlight !== null && <Spotlight screens={screens} />}
    </>
  );
}
