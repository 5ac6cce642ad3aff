/** Clean-up steps, which run in the reverse order of their registration. */
export class CleanUps {
  readonly #steps: (() => unknown)[] = [];
  #done: Promise<void> | undefined;

  /** Adds a step. It runs before the steps that were added earlier. */
  add(step: () => unknown): void {
    this.#steps.push(step);
  }

  /** Runs every step once, even if one fails, then throws the first failure. Later calls return the same promise. */
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
