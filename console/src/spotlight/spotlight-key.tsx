import { ActionIcon, Tooltip } from "@mantine/core";
import { Search } from "lucide-react";
import { type ComponentType, useEffect, useState } from "react";
import { loadInTime } from "../platform/load-in-time.ts";
import { showError } from "../platform/notify.ts";
import type { SpotlightProps } from "./spotlight-frame.tsx";

/** Not the spotlight itself, which is still on the page for a moment after it has closed. */
const OTHER_DIALOG = "[role=dialog][aria-modal=true]:not(.mantine-Spotlight-content)";

export interface SpotlightKeyProps extends SpotlightProps {
  /** The part of the console that is searched. */
  area: "tenant" | "operator";
}

const LOAD: Readonly<Record<SpotlightKeyProps["area"], () => Promise<ComponentType<SpotlightProps>>>> = {
  tenant: () => import("./spotlight.tsx").then(({ Spotlight }) => Spotlight),
  operator: () => import("./operator-spotlight.tsx").then(({ OperatorSpotlight }) => OperatorSpotlight),
};

/** The button, and the keys Ctrl+K and ⌘K, that open the spotlight. Its code is loaded when it is opened first. */
export function SpotlightKey({ area, screens }: SpotlightKeyProps) {
  const [loaded, setLoaded] = useState<{ area: string; Spotlight: ComponentType<SpotlightProps> } | null>(null);
  const open = () =>
    void loadInTime(() => Promise.all([LOAD[area](), import("./spotlight-frame.tsx")])).then(([Spotlight, frame]) => {
      // It opens itself when it is shown first.
      setLoaded({ area, Spotlight });
      frame.openSpotlight();
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
      {loaded?.area === area && <loaded.Spotlight screens={screens} />}
    </>
  );
}
