/** Where the parts of the stack tell what they do: one line, without a line break. */
export type Log = (line: string) => void;

/** Tells nothing. */
export const silent: Log = () => {};

/** Runs `work`, then tells `title` with the time it took, and hands on what it returned. */
export async function timed<T>(log: Log, title: string, work: () => Promise<T>): Promise<T> {
  const started = performance.now();
  const result = await work();
  log(`${title} (${Math.round(performance.now() - started)} ms)`);
  return result;
}
