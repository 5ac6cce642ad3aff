import type { Books } from "./billing/books.ts";
import type { Simulator } from "./simulator.ts";

/** Something that Stripe does by itself when its time has come. */
export interface DueWork {
  /** Returns when the earliest work of this kind is due, in Unix milliseconds. Null if none is planned. */
  nextAt(simulator: Simulator): number | null;
  /** Does the work that is due at the clock's time. Afterwards `nextAt` must be later, or null. */
  run(simulator: Simulator, books: Books): void;
}
