/** What has to be undone at the end, in the reverse order of its making. */
export class CleanUps {
  readonly #steps: (() => unknown)[] = [];
  #done: Promise<void> | undefined;

  /** Adds a step; it is run before those that were added earlier. */
  add(step: () => unknown): void {
    this.#steps.push(step);
  }

  /** Runs every step once, also where one fails, and then throws the first failure. */
  run(): Promise<void> {
    return this.#done ??= this.#runAll();
  }

  async #runAll(): Promise<void> {
    const failures: unknown[] = [];
    for (const step of this.#steps.reverse()) {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
