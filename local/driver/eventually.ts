const FIRST_PAUSE_MS = 5;
const MAX_PAUSE_MS = 50;

/**
 * Polls `read` until it returns a value other than null, undefined or false, and returns that value. A `read` that
 * throws is called again.
 * @param awaited what the caller waits for, for the error message: "the message to be delivered"
 * @throws Error with `awaited` and the last failure after `timeoutMs`
 */
export async function eventually<Value>(
  awaited: string,
  read: () => Promise<Value | null | undefined | false> | Value | null | undefined | false,
  timeoutMs = 30_000,
): Promise<Value> {
  const deadline = performance.now() + timeoutMs;
  let failure: unknown;
  let pause = FIRST_PAUSE_MS;
  do {
    try {
      const value = await read();
      if (value !== null && value !== undefined && value !== false) return value;
    } catch (error) {
      failure = error;
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
    pause = Math.min(pause * 1.5, MAX_PAUSE_MS);
  } while (performance.now() < deadline);
  const reason = failure instanceof Error ? `: ${failure.message}` : "";
  throw new Error(`Timed out after ${timeoutMs} ms waiting for ${awaited}${reason}`);
}
