import { ensureConsoleBuilt } from "../console/build.ts";
import { type Log, timed } from "./log.ts";

/**
 * Builds the console where `console/dist` is missing or older than its sources. A failure is told and costs the console
 * only: everything else works, and `/` shows what there is.
 */
export async function prepareConsole(log: Log): Promise<void> {
  try {
    await timed(log, "Console is ready", () => ensureConsoleBuilt(log));
  } catch (error) {
    log(error instanceof Error ? error.message : String(error));
  }
}
