import { ActionIcon, Tooltip } from "@mantine/core";
import { Search } from "lucide-react";
import { lazy, Suspense, useEffect, useState } from "react";
import type { SpotlightProps } from "./spotlight.tsx";

const Spotlight = lazy(async () => ({ default: (await import("./spotlight.tsx")).Spotlight }));

/** The button, and the keys Ctrl+K and ⌘K, that open the spotlight. Its code is loaded when it is opened first. */
export function SpotlightKey({ screens }: Pick<SpotlightProps, "screens">) {
  const [isWanted, setWanted] = useState(false);
  // It opens itself when its code is there.
  const open = () => {
    if (!isWanted) setWanted(true);
    else void import("./spotlight.tsx").then(({ openSpotlight }) => openSpotlight());
  };
  useEffect(() => {
    // Also while the user types: no field needs these keys.
    function press(event: KeyboardEvent) {
      if (event.key.toLowerCase() !== "k" || event.ctrlKey === event.metaKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      // Over a dialog, the Esc key would close both, and what is written there would be lost.
      if (document.querySelector("[role=dialog][aria-modal=true]") === null) open();
    }
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  });
  return (
    <>
      <Tooltip label="Go to anything (Ctrl+K or ⌘K)">
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label="Go to anything" visibleFrom="xs" onClick={open}>
          <Search size={19} strokeWidth={1.7} />
        </ActionIcon>
      </Tooltip>
      {isWanted && (
        <Suspense>
          <Spotlight screens={screens} />
        </Suspense>
      )}
    </>
  );
}
