import { ensureConsoleBuilt } from "../console/build.ts";
import { type Log, timed } from "./log.ts";

/**
 * Builds the console if `console/dist` is missing or older than its sources. A failure is logged and does not stop the
 * stack: `/` then shows the home page, or the console as it was last built.
 */
export async function prepareConsole(log: Log): Promise<void> {
  try {
    await timed(log, "Console is ready", () => ensureConsoleBuilt(log));
  } catch (error) {
    log(error instanceof Error ? error.message : String(error));
  }
}
