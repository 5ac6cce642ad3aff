import { useEffect } from "react";
import { useArea } from "./use-area.ts";
import type { Screen } from "./screens.ts";

/** How long the first screen has the network to itself. */
const QUIET_MS = 1_500;

/** The part of the Network Information API that is used; Chromium has it, Firefox and Safari do not. */
interface Connection {
  saveData?: boolean;
}

/** Loads the code of every screen of the area while the browser is idle, unless the user asked to save data. */
export function usePrefetch(): void {
  const { screens } = useArea();
  useEffect(() => {
    const { connection } = navigator as Navigator & { connection?: Connection };
    if (connection?.saveData === true) return;
    const timer = setTimeout(() => void loadAll(screens), QUIET_MS);
    return () => clearTimeout(timer);
  }, [screens]);
}

async function loadAll(screens: readonly Screen[]): Promise<void> {
  for (const { load } of screens) {
    await idle();
    // A screen that cannot be loaded now is loaded, and its failure shown, when it is opened.
    await load().catch(() => {});
  }
}

/** Resolves when the browser has nothing else to do. Safari has no `requestIdleCallback`. */
function idle(): Promise<void> {
  return new Promise((resolve) =>
    "requestIdleCallback" in globalThis ? requestIdleCallback(() => resolve()) : setTimeout(resolve, 50)
  );
}
