import { ActionIcon, Tooltip } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { Search } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import type { SpotlightProps } from "./spotlight.tsx";

const Spotlight = lazy(async () => ({ default: (await import("./spotlight.tsx")).Spotlight }));

/** The button, and the keys Ctrl+K and ⌘K, that open the spotlight. Its code is loaded when it is opened first. */
export function SpotlightKey({ screens }: Pick<SpotlightProps, "screens">) {
  const [isWanted, setWanted] = useState(false);
  // Once it is there, it listens to the keys itself.
  const open = () => {
    if (!isWanted) setWanted(true);
    else void import("./spotlight.tsx").then(({ openSpotlight }) => openSpotlight());
  };
  useHotkeys([["mod+K", open]], [], true);
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
