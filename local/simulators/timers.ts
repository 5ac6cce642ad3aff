/** Timers that end with their simulator: nothing scheduled here outlives `stop()`. */
export class Timers {
  #pending = new Map<ReturnType<typeof setTimeout>, () => void>();
  #ending = new AbortController();

  /** Runs `task` in `ms` milliseconds, or never when the simulator stops first. */
  after(ms: number, task: () => void): void {
    if (this.stopping.aborted) return;
    const handle = setTimeout(() => {
      this.#pending.delete(handle);
      task();
    }, ms);
    this.#pending.set(handle, () => {});
  }

  /** Resolves in `ms` milliseconds: `true` when the time has passed, `false` when the simulator stopped. */
  sleep(ms: number): Promise<boolean> {
    if (this.stopping.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      const handle = setTimeout(() => {
        this.#pending.delete(handle);
        resolve(true);
      }, ms);
      this.#pending.set(handle, () => resolve(false));
    });
  }

  /** Forgets what is scheduled but keeps working: a reset. */
  clear(): void {
    for (const [handle, abandon] of this.#pending) {
      clearTimeout(handle);
      abandon();
    }
    this.#pending.clear();
  }

  /** Aborted when the simulator stops. */
  get stopping(): AbortSignal {
    return this.#ending.signal;
  }

  stop(): void {
    this.#ending.abort();
    this.clear();
  }
}
