import { useEffect } from "react";
import { LOAD } from "./screens.ts";

/** How long the first screen has the network to itself. */
const QUIET_MS = 1_500;

/** The part of the Network Information API that is used; Chromium has it, Firefox and Safari do not. */
interface Connection {
  saveData?: boolean;
}

/** Loads the code of every screen while the browser is idle, unless the user asked to save data. */
export function usePrefetch(): void {
  useEffect(() => {
    const { connection } = navigator as Navigator & { connection?: Connection };
    if (connection?.saveData === true) return;
    const timer = setTimeout(() => void loadAll(), QUIET_MS);
    return () => clearTimeout(timer);
  }, []);
}

async function loadAll(): Promise<void> {
  for (const load of Object.values(LOAD)) {
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
