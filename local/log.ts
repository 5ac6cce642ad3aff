/** Receives one log line, without a line break. */
export type Log = (line: string) => void;

/** Discards all lines. */
export const silent: Log = () => {};

/** Runs `work`, logs `title` with the duration, and returns the result of `work`. */
export async function timed<T>(log: Log, title: string, work: () => Promise<T>): Promise<T> {
  const started = performance.now();
  const result = await work();
  log(`${title} (${Math.round(performance.now() - started)} ms)`);
  return result;
}
