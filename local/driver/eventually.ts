const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 50;

/**
 * Asks again until the answer is something (neither null, undefined nor false), and returns it.
 * @throws Error naming what was waited for, and the last failure, when the time is up
 */
export async function eventually<Answer>(
  what: string,
  ask: () => Promise<Answer | null | undefined | false> | Answer | null | undefined | false,
  timeoutMs = 30_000,
): Promise<Answer> {
  const deadline = performance.now() + timeoutMs;
  let failure: unknown;
  let pause = FIRST_PAUSE_MS;
  do {
    try {
      const answer = await ask();
      if (answer !== null && answer !== undefined && answer !== false) return answer;
    } catch (error) {
      failure = error;
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
    pause = Math.min(pause * 1.5, LONGEST_PAUSE_MS);
  } while (performance.now() < deadline);
  const reason = failure instanceof Error ? `: ${failure.message}` : "";
  throw new Error(`Waited ${timeoutMs} ms in vain for ${what}${reason}`);
}
