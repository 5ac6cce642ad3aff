import { isMissingVersion, WordedError } from "./wording.ts";

/** As long as the slowest read: after that a screen says that it cannot be loaded. */
const LONGEST_MS = 20_000;

/** Loads code, and gives up when no answer comes. @throws WordedError `timed_out`, or `unreachable` without a network */
export async function loadInTime<Module>(load: () => Promise<Module>, longestMs = LONGEST_MS): Promise<Module> {
  let timer: number | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    const error = new WordedError("timed_out", "The server did not answer in time. Reload the page and try again");
    timer = setTimeout(() => reject(error), longestMs) as unknown as number;
  });
  try {
    return await Promise.race([load(), deadline]);
  } catch (error) {
    // Without a network, a missing file says nothing about versions.
    if (!isMissingVersion(error) || navigator.onLine !== false) throw error;
    throw new WordedError("unreachable", "Cannot reach the server. Check your connection and try again");
  } finally {
    clearTimeout(timer);
  }
}
