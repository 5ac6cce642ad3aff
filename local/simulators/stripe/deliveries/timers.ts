/** Timers that can all be cancelled at once, so that stopping or resetting a simulator leaves none behind. */
export class Timers {
  #pending = new Map<ReturnType<typeof setTimeout>, () => void>();

  /** Runs `action` after `ms` milliseconds unless cancelled before. */
  after(ms: number, action: () => void): void {
    this.#start(ms, action, () => {});
  }

  /** Resolves after `ms` milliseconds, or at once when cancelled. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.#start(ms, resolve, resolve));
  }

  cancelAll(): void {
    const pending = [...this.#pending];
    this.#pending.clear();
    for (const [timer, cancelled] of pending) {
      clearTimeout(timer);
      cancelled();
    }
  }

  #start(ms: number, action: () => void, cancelled: () => void): void {
    const timer = setTimeout(() => {
      this.#pending.delete(timer);
      action();
    }, ms);
    this.#pending.set(timer, cancelled);
  }
}
