/** A longer `setTimeout` runs its task at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** The timers of a simulator. `stop()` cancels all of them. */
export class Timers {
  #pending = new Map<ReturnType<typeof setTimeout>, () => void>();
  #ending = new AbortController();

  /** Runs `task` after `ms` milliseconds, unless the simulator stops first. */
  after(ms: number, task: () => void): void {
    if (this.stopping.aborted) return;
    if (ms > LONGEST_MS) return this.after(LONGEST_MS, () => this.after(ms - LONGEST_MS, task));
    const handle = setTimeout(() => {
      this.#pending.delete(handle);
      task();
    }, ms);
    this.#pending.set(handle, () => {});
  }

  /** Resolves with true after `ms` milliseconds, or with false when the timer is cancelled. */
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

  /** Cancels all pending timers. New timers can still be added. */
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
