import type { Records } from "./records.ts";

/**
 * Stripe's time. It runs with the machine's clock, ahead of it by what was advanced, or behind it after a beginning in the
 * past. Timers of deliveries and of faults
 * run in real time, and signatures have the real time, which their receivers compare with their own clocks.
 */
export class Clock {
  #held: number | null = null;

  constructor(
    private readonly records: Records,
    private readonly machine: () => number,
  ) {}

  /** Returns Stripe's time in Unix milliseconds. */
  now(): number {
    return this.#held ?? this.machine() + this.#aheadMs;
  }

  /** Returns Stripe's time in whole Unix seconds. */
  seconds(): number {
    return Math.floor(this.now() / 1000);
  }

  /** Moves the clock forward to `ms`. An earlier time changes nothing: a clock never runs backwards. */
  moveTo(ms: number): void {
    const value = Math.max(this.#aheadMs, ms - this.machine());
    this.records.settings.set("clock", { id: "clock", value });
  }

  /** Sets the clock to `ms`, also to an earlier time: nothing may have happened yet. */
  beginAt(ms: number): void {
    this.records.settings.set("clock", { id: "clock", value: ms - this.machine() });
  }

  /** Runs `task` at a past time `ms`. It must not wait, because the clock stands still meanwhile. */
  at(ms: number, task: () => void): void {
    const before = this.#held;
    this.#held = ms;
    try {
      task();
    } finally {
      this.#held = before;
    }
  }

  get #aheadMs(): number {
    return Number(this.records.settings.get("clock")?.value ?? 0);
  }
}
