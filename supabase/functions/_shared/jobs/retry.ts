/** The attempts of a job before it becomes a dead letter. With the delays below they span 2.3 to 4.6 hours. */
export const MAX_ATTEMPTS = 14;

const FIRST_DELAY_SECONDS = 2;
const LONGEST_DELAY_SECONDS = 6 * 3600;

/**
 * Seconds until the next attempt. The delay doubles from two seconds, at most to six hours. Equal jitter spreads the
 * retries of jobs that failed together, and no job is retried at once.
 * @param attempt the number of attempts so far, 1 or more
 */
export function retryDelay(attempt: number, random: () => number = Math.random): number {
  const ceiling = Math.min(FIRST_DELAY_SECONDS * 2 ** (attempt - 1), LONGEST_DELAY_SECONDS);
  return Math.ceil(ceiling / 2 + random() * ceiling / 2);
}
