/** How long after it was given up a request may still arrive. Less than the default CREATE_SETTLE_SECONDS. */
const LATEST_SECONDS = 50;

/** Requests that will arrive late, and calls that stall. */
export class Underway {
  /** How often each call was made, by its name. */
  readonly seen = new Map<string, number>();
  #late: { send: () => Promise<unknown>; age: number }[] = [];
  #stalled: (() => void)[] = [];
  #nextStall = Promise.withResolvers<void>();

  saw(point: string): void {
    this.seen.set(point, (this.seen.get(point) ?? 0) + 1);
  }

  /** Adds a request its sender has given up. It arrives within the time in which a creation may still appear. */
  late(send: () => Promise<unknown>): void {
    this.#late.push({ send, age: 0 });
  }

  stall(): Promise<void> {
    this.#nextStall.resolve();
    this.#nextStall = Promise.withResolvers();
    return new Promise((resolve) => this.#stalled.push(resolve));
  }

  /** Resolves when the next call stalls. */
  get nextStall(): Promise<void> {
    return this.#nextStall.promise;
  }

  /** Lets the late requests arrive now. */
  async arrive(): Promise<void> {
    for (const { send } of this.#late.splice(0)) await send();
  }

  /** Time is about to pass: requests that would arrive too late arrive first. */
  async age(seconds: number): Promise<void> {
    for (const request of this.#late) request.age += seconds;
    if (this.#late.some(({ age }) => age > LATEST_SECONDS)) await this.arrive();
  }

  /** Resumes the stalled calls: all of them, or the first few. */
  resume(count = this.#stalled.length): void {
    for (const go of this.#stalled.splice(0, count)) go();
  }

  clear(): void {
    this.seen.clear();
    this.#late = [];
    this.resume();
  }
}
