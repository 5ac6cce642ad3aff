/** How often a job is tried before it goes to the dead letters. With the delays below: about a day and a half. */
export const MAX_ATTEMPTS = 14;

const FIRST_DELAY_SECONDS = 2;
const LONGEST_DELAY_SECONDS = 6 * 3600;

/**
 * Seconds until the next attempt: doubling from two seconds up to six hours, with equal jitter, so that jobs which failed
 * together do not come back together and none comes back at once.
 * @param attempt how often the job was tried so far, 1 or more
 */
export function retryDelay(attempt: number, random: () => number = Math.random): number {
  const ceiling = Math.min(FIRST_DELAY_SECONDS * 2 ** (attempt - 1), LONGEST_DELAY_SECONDS);
  return Math.ceil(ceiling / 2 + random() * ceiling / 2);
}
