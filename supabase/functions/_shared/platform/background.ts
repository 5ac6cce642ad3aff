interface EdgeRuntime {
  waitUntil(work: Promise<unknown>): void;
}

/**
 * Continues work after the response, where the runtime supports it (Edge Runtime's `waitUntil`). The work must also be on
 * the queue, because the runtime may stop it at any time.
 */
export function inBackground(work: Promise<unknown>): void {
  const caught = work.catch(() => undefined);
  (globalThis as { EdgeRuntime?: EdgeRuntime }).EdgeRuntime?.waitUntil(caught);
}
