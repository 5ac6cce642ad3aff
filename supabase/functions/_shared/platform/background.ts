interface EdgeRuntime {
  waitUntil(work: Promise<unknown>): void;
}

/**
 * Lets work go on after the answer where the runtime can (Edge Runtime's `waitUntil`). Only ever a speed-up: the work must
 * also be on the queue, because nothing promises that this finishes.
 */
export function inBackground(work: Promise<unknown>): void {
  const settled = work.catch(() => undefined);
  (globalThis as { EdgeRuntime?: EdgeRuntime }).EdgeRuntime?.waitUntil(settled);
}
